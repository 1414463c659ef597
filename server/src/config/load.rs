//! Reading the configuration: the file, then the environment. Each complaint names the key and where it stands.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::Config;
use crate::failure::{Failure, Kind};

/// Environment names without a section that have always worked, and the keys they set.
const PLAIN_NAMES: [(&str, [&str; 2]); 2] = [
    ("MAX_CONTEXT_TOKENS", ["limits", "max_context_tokens"]),
    ("MAX_OUTPUT_TOKENS", ["limits", "max_output_tokens"]),
];

/// Where the values of a configuration come from, by the names of the keys, such as `server.listen`.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// The keys that the file sets.
    pub file_keys: BTreeSet<String>,
    /// The keys that the environment sets, with the names of the variables.
    pub environment: BTreeMap<String, String>,
}

/// Reads `file`, if one is named, and `environment` over it, and checks the result.
pub fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<(Config, Origin), Failure> {
    let mut table = match file {
        Some(path) => read(path)?,
        None => Table::new(),
    };
    let mut origin = Origin {
        file: file.map(Path::to_owned),
        file_keys: keys_of(&table),
        environment: BTreeMap::new(),
    };
    for (name, value) in environment {
        if let Some([section, key]) = key_of(&name) {
            let value = parse_value(&section, &key, value)
                .map_err(|cause| Failure::new(Kind::Config, format!("environment variable {name}: {cause}")))?;
            origin.environment.insert(format!("{section}.{key}"), name);
            let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(section) = section {
                section.insert(key, value);
            }
        }
    }
    let config: Config = table
        .try_into()
        .map_err(|error| Failure::new(Kind::Config, one_line(&error)))?;
    config.validate()?;
    Ok((config, origin))
}

/// The names of the keys that a table sets: of sections, those of what is in them.
fn keys_of(table: &Table) -> BTreeSet<String> {
    let keys = table.iter().flat_map(|(section, value)| match value {
        Value::Table(values) => values.keys().map(|key| format!("{section}.{key}")).collect(),
        _ => vec![section.clone()],
    });
    keys.collect()
}

fn read(path: &Path) -> Result<Table, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            Kind::NoInput,
            format!("cannot read the configuration {}: {error}", path.display()),
        )
    })?;
    let wrong = |error: toml::de::Error| {
        let line = error
            .span()
            .map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        Failure::new(
            Kind::Config,
            format!("{}, line {line}: {}", path.display(), one_line(&error)),
        )
    };
    // Read once as what it must be, for complaints with a line, and once as a table that the environment can change.
    toml::from_str::<Config>(&text).map_err(wrong)?;
    toml::from_str(&text).map_err(wrong)
}

/// The section and key that an environment variable sets, if it sets one.
fn key_of(name: &str) -> Option<[String; 2]> {
    if let Some((_, [section, key])) = PLAIN_NAMES.iter().find(|(plain, _)| *plain == name) {
        return Some([(*section).to_owned(), (*key).to_owned()]);
    }
    let (section, key) = name.strip_prefix("WORV_")?.split_once("__")?;
    Some([section.to_ascii_lowercase(), key.to_ascii_lowercase()])
}

/// A value as TOML reads it, or as the text it is: whichever the key takes.
fn parse_value(section: &str, key: &str, text: String) -> Result<Value, String> {
    let fits = |value: &Value| {
        let table = Table::from_iter([(key.to_owned(), value.clone())]);
        Config::deserialize_section(section, table)
    };
    let as_text = Value::String(text.clone());
    let as_toml = toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"));
    match as_toml {
        Some(value) if fits(&value).is_ok() => Ok(value),
        _ => fits(&as_text).map(|()| as_text),
    }
}

impl Config {
    fn deserialize_section(section: &str, table: Table) -> Result<(), String> {
        let whole = Table::from_iter([(section.to_owned(), Value::Table(table))]);
        whole.try_into::<Self>().map(|_| ()).map_err(|error| one_line(&error))
    }
}

fn one_line(error: &toml::de::Error) -> String {
    error.message().replace('\n', " ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io::Write, net::SocketAddr};

    fn environment(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> + use<> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
        let file = file("[server]\nlisten = \"0.0.0.0:80\"\n[limits]\nmax_output_tokens = 9\nreserved_tokens = 7\n");
        let (config, _) = load(
            Some(file.path()),
            environment(&[
                ("WORV_SERVER__LISTEN", "127.0.0.1:0"),
                ("MAX_OUTPUT_TOKENS", "11"),
                ("WORV_ENGINE__URL", "http://127.0.0.1:8000"),
                ("WORV_USAGE__DURABILITY", "relaxed"),
                ("PATH", "/bin"),
                ("WORV_HOME", "not a setting"),
            ]),
        )
        .unwrap();
        assert_eq!(config.server.listen, SocketAddr::from(([127, 0, 0, 1], 0)));
        assert_eq!(
            (config.limits.max_output_tokens, config.limits.reserved_tokens),
            (11, 7)
        );
        assert_eq!(config.limits.max_context_tokens, 202_752);
        assert_eq!(config.engine.url.as_deref(), Some("http://127.0.0.1:8000"));
        assert_eq!(config.usage.durability, super::super::Durability::Relaxed);
    }

    #[test]
    fn complaints_name_the_key_and_the_place() {
        let file = file("[server]\n\nlisen = \"0.0.0.0:80\"\n");
        let message = load(Some(file.path()), environment(&[])).unwrap_err().to_string();
        assert!(
            message.contains("line 3") && message.contains("lisen") && message.contains("`listen`"),
            "{message}"
        );

        for (name, value, says) in [
            ("WORV_SERVER__LISTEN", "nonsense", "WORV_SERVER__LISTEN"),
            ("WORV_LIMITS__MAX_OUTPUT_TOKENS", "-1", "WORV_LIMITS__MAX_OUTPUT_TOKENS"),
            ("WORV_NOWHERE__KEY", "1", "nowhere"),
            ("WORV_ENGINE__URL", "ftp://engine", "engine.url"),
            ("WORV_CONSOLE__SESSION_HOURS", "0", "console.session_hours"),
        ] {
            let message = load(None, environment(&[(name, value)])).unwrap_err().to_string();
            assert!(message.contains(says), "{name}={value}: {message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn text_that_looks_like_a_number_stays_text_where_text_is_wanted() {
        let (config, _) = load(None, environment(&[("WORV_SERVER__DATA_DIR", "2026")])).unwrap();
        assert_eq!(config.server.data_dir, Path::new("2026"));
    }
}

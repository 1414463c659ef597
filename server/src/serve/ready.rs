//! Saying that it serves: to a person on standard output, to a program in a file.

use std::{
    io::{self, Write},
    path::Path,
};

use serde::Serialize;

use super::Addresses;
use crate::{
    command,
    failure::{Failure, Kind},
};

/// What the demo made for trying it out.
#[derive(Clone)]
pub struct Credentials {
    /// The administrator's name.
    pub admin_name: String,
    /// The administrator's password.
    pub admin_password: String,
    /// A key for this run.
    pub api_key: String,
    /// The model that is live.
    pub model: String,
}

#[derive(Serialize)]
struct ReadyFile<'a> {
    /// The number of the process.
    process: u32,
    url: String,
    /// Where plain HTTP only leads to HTTPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_url: Option<String>,
    metrics_url: String,
    #[serde(flatten)]
    credentials: Option<CredentialFields<'a>>,
}

#[derive(Serialize)]
struct CredentialFields<'a> {
    admin_name: &'a str,
    admin_password: &'a str,
    api_key: &'a str,
}

/// Prints where it serves and, in the demo, how to try it; writes the same to `file` if one is named.
pub fn announce(addresses: &Addresses, credentials: Option<&Credentials>, file: Option<&Path>) -> Result<(), Failure> {
    if let Some(file) = file {
        write(addresses, credentials, file).map_err(|error| {
            Failure::new(
                Kind::CannotCreate,
                format!("cannot write the ready file {}: {error}", file.display()),
            )
        })?;
    }
    // A reader that has gone away is no reason to stop serving.
    let _ = io::stdout().write_all(greeting(addresses, credentials).as_bytes());
    Ok(())
}

fn write(addresses: &Addresses, credentials: Option<&Credentials>, file: &Path) -> io::Result<()> {
    let ready = ReadyFile {
        process: std::process::id(),
        url: format!("{}://{}", scheme(addresses), addresses.public),
        redirect_url: addresses.redirects_at.map(|address| format!("http://{address}")),
        metrics_url: format!("http://{}", addresses.metrics),
        credentials: credentials.map(|made| CredentialFields {
            admin_name: &made.admin_name,
            admin_password: &made.admin_password,
            api_key: &made.api_key,
        }),
    };
    command::write_privately(file, serde_json::to_string(&ready)?.as_bytes())
}

fn scheme(addresses: &Addresses) -> &'static str {
    if addresses.is_https { "https" } else { "http" }
}

fn greeting(addresses: &Addresses, credentials: Option<&Credentials>) -> String {
    let (api, console) = if let Some(hosts) = &addresses.hosts {
        let url = |name| format!("{}://{name}:{}", scheme(addresses), addresses.public.port());
        (url(&hosts.api), url(&hosts.console))
    } else {
        let url = format!("{}://{}", scheme(addresses), addresses.public);
        (url.clone(), url)
    };
    let Some(Credentials {
        admin_name,
        admin_password,
        api_key,
        model,
    }) = credentials
    else {
        return format!(
            "worv serves at {}://{} (health and metrics at http://{})\n",
            scheme(addresses),
            addresses.public,
            addresses.metrics
        );
    };
    format!(
        r#"
  worv demo: a simulated engine and eight simulated GPUs; keys and usage are real.

  Console   {console}
  Sign in   {admin_name} / {admin_password}
  API key   {api_key}

  Try it:

curl {api}/v1/chat/completions \
  -H "Authorization: Bearer {api_key}" \
  -H "Content-Type: application/json" \
  -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "Reply with one word: pong"}}]}}'

"#
    )
}

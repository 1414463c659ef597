//! The status as a page of notes.

use std::fmt::Write;

use super::{Report, engine, gpus, or_dash, window};

/// The page, without a title.
pub(super) fn page(report: &Report) -> String {
    let ready = &report.ready;
    let mut page = "## Live\n\n| Item | Value |\n|---|---|\n".to_owned();
    let others = report.profiles.iter().filter(|name| **name != ready.model).cloned();
    let mut row = |item: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| {item} | {} |", cell(value));
    };
    row("Model", &or_dash(&ready.model));
    row("Other profiles", &or_dash(&others.collect::<Vec<_>>().join(", ")));
    row("Engine", &engine(ready));
    row("Window", &window(report));
    row("Longest answer", &format!("{} tokens", report.max_output_tokens));
    for line in gpus(ready) {
        row("GPUs", &line);
    }
    if !report.hosts.is_empty() {
        row("Hosts", &report.hosts.join(", "));
    }
    row("Gateway", &format!("worv {}, {}", ready.version, ready.status));
    row("Database", &ready.database);

    if let Some(command) = &report.command {
        let words: Vec<_> = command.iter().map(|word| quoted(word)).collect();
        let _ = write!(page, "\n## How it is launched\n\n```sh\n{}\n```\n", words.join(" "));
    }
    if !report.switches.is_empty() {
        page.push_str("\n## History\n\n| Date | From | To | By | Outcome |\n|---|---|---|---|---|\n");
        for switch in &report.switches {
            let outcome = [switch.outcome.as_str(), &switch.detail]
                .into_iter()
                .filter(|words| !words.is_empty())
                .collect::<Vec<_>>()
                .join(": ");
            let cells =
                [&switch.at, &or_dash(&switch.from), &switch.to, &switch.actor, &outcome].map(|text| cell(text));
            let _ = writeln!(page, "| {} |", cells.join(" | "));
        }
    }
    page
}

/// A text that stays in its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\r', '\n'], " ")
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::status::{Past, Ready, ReadyGpu};

    fn report() -> Report {
        let gpu = |fault: Option<&str>| ReadyGpu {
            name: "NVIDIA B200".to_owned(),
            memory_total: 183 << 30,
            fault: fault.map(str::to_owned),
        };
        Report {
            ready: Ready {
                status: "ready".to_owned(),
                engine: "up".to_owned(),
                database: "up".to_owned(),
                usage: "recorded".to_owned(),
                version: "1.0.0".to_owned(),
                engine_version: "0.32.0".to_owned(),
                model: "GLM-5.1-FP8".to_owned(),
                max_model_len: Some(131_072),
                gpus: vec![gpu(None), gpu(Some("Xid 79"))],
            },
            hosts: vec!["api.test".to_owned(), "admin.test".to_owned()],
            max_context_tokens: 202_752,
            max_output_tokens: 16_384,
            profiles: vec!["DeepSeek-V4-Pro".to_owned(), "GLM-5.1-FP8".to_owned()],
            command: Some(
                ["vllm", "serve", "--config", r#"{"a":1}"#, "it's"]
                    .map(str::to_owned)
                    .into(),
            ),
            switches: vec![Past {
                at: "2026-04-26T09:30:00Z".to_owned(),
                from: String::new(),
                to: "GLM-5.1-FP8".to_owned(),
                actor: "ann|bob".to_owned(),
                outcome: "rolled back".to_owned(),
                detail: "it did\nnot start".to_owned(),
            }],
        }
    }

    #[test]
    fn the_page_has_what_is_live_how_it_is_launched_and_its_history() {
        let expected = r#"## Live

| Item | Value |
|---|---|
| Model | GLM-5.1-FP8 |
| Other profiles | DeepSeek-V4-Pro |
| Engine | up (vLLM 0.32.0) |
| Window | 131072 tokens (the engine's) |
| Longest answer | 16384 tokens |
| GPUs | 2 × NVIDIA B200, 183 GiB each |
| GPUs | GPU 1: Xid 79 |
| Hosts | api.test, admin.test |
| Gateway | worv 1.0.0, ready |
| Database | up |

## How it is launched

```sh
vllm serve --config '{"a":1}' 'it'\''s'
```

## History

| Date | From | To | By | Outcome |
|---|---|---|---|---|
| 2026-04-26T09:30:00Z | - | GLM-5.1-FP8 | ann\|bob | rolled back: it did not start |
"#;
        assert_eq!(page(&report()), expected);
    }
}

//! The chat front end.

use serde::{Deserialize, Serialize};

/// `[chat]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chat {
    /// Where Open WebUI listens, such as `http://127.0.0.1:8080`.
    pub upstream: Option<String>,
}

impl Chat {
    /// What is wrong, in one line.
    pub fn complaint(&self, has_host: bool) -> Option<String> {
        let Some(url) = &self.upstream else {
            return has_host.then(|| {
                "chat.upstream is not set, but hosts.chat is: give Open WebUI's address, such as http://127.0.0.1:8080"
                    .to_owned()
            });
        };
        let fits = reqwest::Url::parse(url).is_ok_and(|url| {
            url.scheme() == "http"
                && url.has_host()
                && url.path() == "/"
                && url.query().is_none()
                && url.username().is_empty()
        });
        (!fits).then(|| format!("chat.upstream is {url:?}: give Open WebUI's address as http://HOST:PORT"))
    }
}

//! Certificates from an ACME server.

use std::path::PathBuf;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use worv_core::Secret;

/// `[acme]`. Where `directory` is set, the certificate comes from there: for every name in `[hosts]`, renewed in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Acme {
    /// The ACME server's directory, such as `https://acme-v02.api.letsencrypt.org/directory`. Naming it agrees to the
    /// server's terms of service.
    pub directory: Option<String>,
    /// The e-mail address that the ACME server writes to about the account.
    pub contact: Option<String>,
    /// The authorities that a private ACME server's own certificate comes from, in PEM form, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Where the ACME server asks for an account of its own (external account binding): that account's key id.
    pub external_account: Option<String>,
    /// The key that belongs to it, in base64url as the server gives it.
    #[serde(skip_serializing)]
    pub external_account_key: Option<Secret>,
    /// Seconds until the next attempt after one that has failed. Each further one waits three times as long, six hours at
    /// most.
    pub retry_seconds: u64,
}

impl Acme {
    /// What is wrong with the keys, in one line.
    pub fn complaint(&self, has_hosts: bool) -> Option<String> {
        let Some(directory) = &self.directory else {
            let given = [
                ("acme.contact", self.contact.is_some()),
                ("acme.ca_file", self.ca_file.is_some()),
                ("acme.external_account", self.external_account.is_some()),
                ("acme.external_account_key", self.external_account_key.is_some()),
            ];
            let given = given.iter().find(|(_, set)| *set)?.0;
            return Some(format!(
                "acme.directory is not set, but {given} is: give the ACME server's directory, such as https://acme-v02.api.letsencrypt.org/directory"
            ));
        };
        let fits = reqwest::Url::parse(directory).is_ok_and(|url| url.scheme() == "https" && url.has_host());
        if !fits {
            return Some(format!(
                "acme.directory is {directory:?}: give the ACME server's directory, such as https://acme-v02.api.letsencrypt.org/directory"
            ));
        }
        if !has_hosts {
            return Some(
                "acme.directory is set, but no names are: a certificate is for the names in [hosts]".to_owned(),
            );
        }
        if let Some(contact) = self.contact.as_ref().filter(|contact| !is_address(contact)) {
            return Some(format!(
                "acme.contact is {contact:?}: give an e-mail address, such as ops@example.com"
            ));
        }
        if self.external_account.is_some() != self.external_account_key.is_some() {
            return Some(
                "acme.external_account and acme.external_account_key go together: set both, or neither".to_owned(),
            );
        }
        if self.external_account_key.is_some() && self.external_account_key_bytes().is_none() {
            return Some("acme.external_account_key is not base64url: give it as the ACME server gave it".to_owned());
        }
        (self.retry_seconds == 0).then(|| "acme.retry_seconds is 0: give at least 1".to_owned())
    }

    /// The key of the external account, if there is one that can be read.
    pub fn external_account_key_bytes(&self) -> Option<Vec<u8>> {
        let text = self.external_account_key.as_ref()?.expose();
        BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok()
    }
}

impl Default for Acme {
    fn default() -> Self {
        Self {
            directory: None,
            contact: None,
            ca_file: None,
            external_account: None,
            external_account_key: None,
            retry_seconds: 60,
        }
    }
}

fn is_address(text: &str) -> bool {
    let unwanted = |letter: char| letter.is_whitespace() || letter.is_control() || letter == ',';
    text.split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'))
        && !text.contains(unwanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut Acme);

    fn acme() -> Acme {
        Acme {
            directory: Some("https://acme.test/directory".to_owned()),
            contact: Some("ops@acme.test".to_owned()),
            external_account: Some("kid-1".to_owned()),
            external_account_key: Some(Secret::new("AAEC_w==")),
            ..Acme::default()
        }
    }

    #[test]
    fn each_wrong_key_is_named() {
        assert_eq!(acme().complaint(true), None);
        assert_eq!(acme().external_account_key_bytes(), Some(vec![0, 1, 2, 255]));
        assert_eq!(Acme::default().complaint(false), None);
        let changes: [(Change, &str); 7] = [
            (
                |acme| acme.directory = None,
                "acme.directory is not set, but acme.contact is",
            ),
            (
                |acme| acme.directory = Some("http://acme.test/".to_owned()),
                "acme.directory",
            ),
            (|acme| acme.contact = Some("mailto:".to_owned()), "acme.contact"),
            (
                |acme| acme.contact = Some("a@b.test, c@d.test".to_owned()),
                "acme.contact",
            ),
            (|acme| acme.external_account = None, "go together"),
            (
                |acme| acme.external_account_key = Some(Secret::new("!")),
                "not base64url",
            ),
            (|acme| acme.retry_seconds = 0, "acme.retry_seconds"),
        ];
        for (change, says) in changes {
            let mut acme = acme();
            change(&mut acme);
            let complaint = acme.complaint(true).unwrap();
            assert!(complaint.contains(says), "{complaint}");
        }
        assert!(acme().complaint(false).unwrap().contains("[hosts]"));
    }
}

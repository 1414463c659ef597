//! Certificates for the names of the tests.

use std::{fs, path::Path};

use rcgen::{CertificateParams, KeyPair};

/// The names that every certificate has.
pub const NAMES: [&str; 4] = ["proxy.test", "admin.proxy.test", "docs.proxy.test", "chat.proxy.test"];

/// A certificate that signs itself, and its key, in PEM form.
pub struct Pair {
    pub cert: String,
    pub key: String,
}

/// One that is valid.
pub fn valid() -> Pair {
    make(|_| {})
}

/// One that has expired.
pub fn expired() -> Pair {
    make(|params| params.not_after = rcgen::date_time_ymd(2020, 1, 1))
}

impl Pair {
    /// Writes both files, each at once by a rename, as tools that renew certificates do.
    pub fn write(&self, folder: &Path) {
        for (name, text) in [("cert.pem", &self.cert), ("key.pem", &self.key)] {
            let new = folder.join("new.pem");
            fs::write(&new, text).unwrap();
            fs::rename(new, folder.join(name)).unwrap();
        }
    }
}

fn make(change: impl FnOnce(&mut CertificateParams)) -> Pair {
    let mut params = CertificateParams::new(NAMES.map(str::to_owned)).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    Pair {
        cert: params.self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

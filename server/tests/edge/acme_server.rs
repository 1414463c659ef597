//! A real ACME server, acme2certifier, with a certificate authority of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// The account that it wants new ones to be bound to: its key id, and its key in base64url.
pub const EXTERNAL_ACCOUNT: (&str, &str) = ("worv-tests", "bm90IGEgc2VjcmV0LCBidXQgbG9uZyBlbm91Z2ggdG8gYmU");

/// What it takes to start the server, as often as it takes. Its database outlives it.
pub struct AcmeServer {
    python: PathBuf,
    folder: tempfile::TempDir,
    ready_file: PathBuf,
    port: u16,
    running: Option<Child>,
    /// Whether it takes only accounts that are bound to [`EXTERNAL_ACCOUNT`].
    pub binds: bool,
    /// The authority that its certificates come from, and its own, in PEM form.
    pub authority: String,
}

impl AcmeServer {
    /// Not running yet. Names lead to the gateway in `gateway`.
    pub fn new(gateway: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = make_authority(folder.path());
        // A port that was free a moment ago.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            python: python(),
            folder,
            ready_file: gateway.join("ready.json"),
            port: free.local_addr().unwrap().port(),
            running: None,
            binds: false,
            authority,
        }
    }

    /// Where the gateway finds it.
    pub fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/directory", self.port)
    }

    /// The file with its authority.
    pub fn authority_file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// Starts it; certificates are to be renewed at once if it `hurries`. Returns when it answers.
    pub fn start(&mut self, hurries: bool) {
        let window = if hurries { "0\nrenewal_window_duration: 1" } else { "50" };
        let binding = if self.binds {
            "[EABhandler]\neab_handler_module: acme2certifier.eabhandlers.json_handler\nkey_file: external.json\n"
        } else {
            ""
        };
        let settings = format!(
            "[DEFAULT]\ndebug: False\n[Nonce]\nnonce_check_disable: False\n\
             [CAhandler]\nhandler_module: acme2certifier.cahandlers.openssl_ca_handler\n\
             issuing_ca_key: authority.key\nissuing_ca_cert: authority.pem\nissuing_ca_crl: authority.crl\ncert_save_path: issued\ncert_validity_days: 30\n\
             [DBhandler]\nhandler: wsgi\ndbfile: acme.db\n[Certificate]\nrevocation_reason_check_disable: False\n\
             [Challenge]\nchallenge_validation_disable: False\n[Order]\ntnauthlist_support: False\n\
             [Renewalinfo]\nrenewalthreshold_pctg: {window}\n{binding}"
        );
        let folder = self.folder.path();
        fs::write(folder.join("acme_srv.cfg"), settings).unwrap();
        let (id, key) = EXTERNAL_ACCOUNT;
        fs::write(folder.join("external.json"), serde_json::json!({ id: key }).to_string()).unwrap();
        let mut process = Command::new(&self.python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/edge/acme/server.py"))
            .arg(self.port.to_string())
            .arg(&self.ready_file)
            .current_dir(folder)
            .env("ACME_SRV_CONFIGFILE", folder.join("acme_srv.cfg"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut said).unwrap();
        self.running = Some(process);
        assert_eq!(said.trim(), self.port.to_string(), "{}", self.log());
    }

    pub fn stop(&mut self) {
        if let Some(mut process) = self.running.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Loses all that it knows of its accounts and orders.
    pub fn forget(&self) {
        fs::remove_file(self.folder.path().join("acme.db")).unwrap();
    }

    /// What it has logged since its last start.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

impl Drop for AcmeServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The Python that has the server, which is installed if it is not there.
fn python() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/setup-acme");
    let output = Command::new(script).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "the ACME server cannot be installed");
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// Writes the authority, its key, and a certificate from it for the server itself. Returns the authority.
fn make_authority(folder: &Path) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "worv's tests");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    fs::write(folder.join("authority.pem"), &authority).unwrap();
    fs::write(folder.join("authority.key"), key.serialize_pem()).unwrap();

    let issuer = Issuer::new(params, key);
    let own_key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let own = own.signed_by(&own_key, &issuer).unwrap();
    fs::write(folder.join("server.pem"), own.pem() + &own_key.serialize_pem()).unwrap();
    fs::create_dir(folder.join("issued")).unwrap();
    authority
}

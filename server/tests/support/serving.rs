//! The real binary as a process that serves.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

/// Where a gateway serves that may serve anywhere, and the console that [`put_console`] puts there.
pub(crate) const ANYWHERE: [(&str, &str); 3] = [
    ("WORV_SERVER__LISTEN", "127.0.0.1:0"),
    ("WORV_SERVER__METRICS_LISTEN", "127.0.0.1:0"),
    ("WORV_SERVER__SITE_DIR", "site"),
];

/// A gateway. Killed when dropped.
pub(crate) struct Serving {
    pub(crate) process: Child,
    /// What it says of itself.
    pub(crate) ready: Value,
}

/// Puts something into a folder that looks like a built console.
pub(crate) fn put_console(folder: &Path) {
    fs::create_dir_all(folder.join("site/pkg")).unwrap();
    fs::write(folder.join("site/pkg/worv.wasm"), b"\0asm").unwrap();
}

impl Serving {
    /// Starts one by a command that ends in `serve` and its options, and returns when it serves.
    pub(crate) fn start(command: &mut Command, ready_file: &Path) -> Self {
        let mut process = command
            .arg("--ready-file")
            .arg(ready_file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It says nothing before it serves, and the file is there by then.
        let mut line = String::new();
        let said = BufReader::new(process.stdout.take().unwrap()).read_line(&mut line);
        assert_ne!(said.unwrap(), 0, "the gateway did not start: {:?}", process.wait());
        let ready = serde_json::from_slice(&fs::read(ready_file).unwrap()).unwrap();
        Self { process, ready }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

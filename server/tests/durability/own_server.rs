//! A PostgreSQL server of one test, which it can stop and start again.

use std::{
    fs::Permissions,
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::postgres::{ids_of, installed, own_uid};

/// The server. Stopped when dropped.
pub(crate) struct OwnServer {
    folder: TempDir,
    user: Option<(u32, u32)>,
    port: u16,
}

impl OwnServer {
    /// Makes a server and starts it.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // It refuses to run as root.
        let user = (own_uid() == 0).then(|| ids_of("postgres"));
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { folder, user, port };
        server.run(
            "initdb",
            &[
                "--pgdata",
                "server",
                "--username",
                "worv",
                "--auth",
                "trust",
                "--no-sync",
                "--no-locale",
                "-E",
                "UTF8",
            ],
        );
        server.resume();
        server
    }

    /// Its one database.
    pub(crate) fn url(&self) -> String {
        format!("postgres://worv@127.0.0.1:{}/postgres", self.port)
    }

    /// Closes every connection and takes no new ones.
    pub(crate) fn stop(&self) {
        self.run("pg_ctl", &["stop", "--wait", "--pgdata", "server", "--mode", "fast"]);
    }

    /// Starts it again.
    pub(crate) fn resume(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off",
            self.port
        );
        self.run(
            "pg_ctl",
            &[
                "start",
                "--wait",
                "--pgdata",
                "server",
                "--log",
                "log",
                "--options",
                &options,
            ],
        );
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let status = self.command(program, arguments).status().unwrap();
        assert!(status.success(), "{program} {arguments:?} ended with {status}");
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(installed().join(program));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let stop = ["stop", "--wait", "--pgdata", "server", "--mode", "immediate"];
        let _ = self.command("pg_ctl", &stop).status();
    }
}

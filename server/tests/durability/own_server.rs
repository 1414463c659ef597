//! A PostgreSQL server of one test, which it can stop and start again.

use tempfile::TempDir;

use crate::postgres::{Cluster, free_port};

/// The server. Stopped when dropped.
pub(crate) struct OwnServer {
    cluster: Cluster,
    port: u16,
    _folder: TempDir,
}

impl OwnServer {
    /// Makes a server and starts it.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Self {
            cluster: Cluster::in_folder(folder.path()),
            port: free_port(),
            _folder: folder,
        };
        server.cluster.init(&["--auth", "trust"]);
        server.resume();
        server
    }

    /// Its one database.
    pub(crate) fn url(&self) -> String {
        format!("postgres://worv@127.0.0.1:{}/postgres", self.port)
    }

    /// Closes every connection and takes no new ones.
    pub(crate) fn stop(&self) {
        assert!(self.is_stopped("fast"), "PostgreSQL did not stop");
    }

    /// Starts it again.
    pub(crate) fn resume(&self) {
        self.cluster.start(self.port, "");
    }

    /// Stops it in one of `pg_ctl`'s ways, and says whether it did.
    fn is_stopped(&self, mode: &str) -> bool {
        let stop = ["stop", "--wait", "--pgdata", "server", "--mode", mode];
        let status = self.cluster.program("pg_ctl").args(stop).status();
        status.is_ok_and(|status| status.success())
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.is_stopped("immediate");
    }
}

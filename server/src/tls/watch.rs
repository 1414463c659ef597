//! Noticing that the certificate's files have changed.

use std::{fs, os::unix::fs::MetadataExt, path::Path, time::Duration};

use worv_core::Clock;

use super::{Certificate, Files, in_force::InForce};

/// How often the files are looked at. Looking is asking for their size and dates, and works where the file system tells
/// of no changes: network shares, and folders that are swapped by a symbolic link.
const INTERVAL: Duration = Duration::from_secs(1);

/// What tells one state of a file from another.
type Fingerprint = Option<(u64, i64, i64, u64)>;

/// What tells one state of the files from another.
pub type Fingerprints = [Fingerprint; 2];

/// Puts what the files hold in force whenever it is no longer what `known` is the state of. Does not end.
pub async fn follow(files: &Files, mut known: Fingerprints, in_force: &InForce, clock: &Clock) {
    let mut before = known;
    loop {
        tokio::time::sleep(INTERVAL).await;
        let now = fingerprints(files);
        // Two files are not replaced at one moment: they count once they have rested.
        let rested = now == before;
        before = now;
        if now == known || !rested {
            continue;
        }
        known = now;
        match Certificate::read(files, clock.now()) {
            Ok(certificate) => {
                let days = (certificate.not_after.0 - clock.now().0) / 86_400_000;
                in_force.replace(certificate);
                tracing::info!(expires_in_days = days, "a new certificate is in force");
            }
            Err(error) => {
                tracing::error!(%error, "the certificate was changed to one that cannot be used; the one before stays in force");
            }
        }
    }
}

/// The state of the files now.
pub fn fingerprints(files: &Files) -> Fingerprints {
    [fingerprint(&files.cert), fingerprint(&files.key)]
}

fn fingerprint(path: &Path) -> Fingerprint {
    let file = fs::metadata(path).ok()?;
    Some((file.ino(), file.mtime(), file.mtime_nsec(), file.len()))
}

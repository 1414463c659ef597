//! What the next supervisor has to know, on disk.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{Order, process_table::Identity};

/// The file in the supervisor's folder.
const FILE: &str = "engine.json";

/// What was asked for, and what runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The last order.
    pub(super) order: Order,
    /// What was started and has not been ended.
    pub(super) running: Option<Running>,
    /// What is being started: whoever is killed between a start and writing down its number leaves this.
    #[serde(default)]
    pub(super) starting: Option<Starting>,
}

/// An engine that may have been started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Starting {
    /// The profile.
    pub(super) profile: String,
    /// By which its processes can be found.
    pub(super) run: String,
    /// In Unix milliseconds.
    pub(super) started_at: i64,
}

/// An engine that was started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Running {
    /// The profile that it was started with.
    pub(super) profile: String,
    pub(super) identity: Identity,
    /// In Unix milliseconds.
    pub(super) started_at: i64,
    /// Whether it has answered.
    pub(super) was_ready: bool,
}

impl Starting {
    /// What was started of it; none if nothing was, or if it is gone again.
    pub(super) fn find(self) -> Option<Running> {
        Some(Running {
            identity: Identity::first_of(&self.run)?,
            profile: self.profile,
            started_at: self.started_at,
            was_ready: false,
        })
    }
}

impl Record {
    /// Reads the record in `folder`; an empty one if there is none.
    ///
    /// # Errors
    /// If there is one that cannot be read: starting an engine beside one that may run would be wrong.
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        match fs::read(folder.join(FILE)) {
            Ok(json) => Ok(serde_json::from_slice(&json)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Puts it into `folder` in place of the one before, whole or not at all, for the owner only.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        create_folder(folder)?;
        let draft = folder.join("engine.json.new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(draft, folder.join(FILE))
    }
}

/// Makes the supervisor's folder, for the owner only.
pub(super) fn create_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_and_a_broken_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("node");
        assert_eq!(Record::read(&home).unwrap(), Record::default());
        let record = Record {
            order: Order {
                id: 7,
                profile: Some("GLM".to_owned()),
            },
            running: Some(Running {
                profile: "GLM".to_owned(),
                identity: Identity::of(std::process::id(), "run".to_owned()).unwrap(),
                started_at: 5,
                was_ready: true,
            }),
            starting: None,
        };
        record.write(&home).unwrap();
        assert_eq!(Record::read(&home).unwrap(), record);
        fs::write(home.join(FILE), "{").unwrap();
        assert!(Record::read(&home).is_err());
    }
}

//! Where usage goes while the database does not take it: a file of one line for each record.

use std::{
    borrow::Cow,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};
use worv_core::{UnixMillis, id::RequestId, key::KeyId, usage::UsageRecord};

use super::{code, owned_file};

/// Bytes that the file has at most: about a million records.
const LARGEST: u64 = 256 << 20;

/// An open journal. Every call blocks while the disk works.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    largest: u64,
}

/// A record as its line has it. Lines of earlier versions stay readable: fields are only added, with a default.
#[derive(Serialize, Deserialize)]
pub(super) struct Line<'a> {
    id: [u8; 16],
    key: i64,
    endpoint: i16,
    #[serde(borrow)]
    requested: Cow<'a, str>,
    #[serde(borrow)]
    served: Cow<'a, str>,
    stream: bool,
    /// Prompt, cached, completion and reasoning.
    tokens: [u64; 4],
    outcome: i16,
    status: u16,
    started_at: i64,
    first_byte_ms: Option<u32>,
    duration_ms: u32,
    #[serde(default)]
    queue_ms: u32,
    #[serde(default)]
    overhead_us: u32,
    #[serde(default)]
    client: i16,
    #[serde(default)]
    granted: Option<u64>,
    #[serde(default)]
    clamped: bool,
    #[serde(default)]
    chat_user: Option<Cow<'a, str>>,
}

impl Journal {
    /// Opens the journal, for the owner only, and cuts off a line that a crash left unfinished.
    ///
    /// # Errors
    /// Where the file cannot be opened, or another process has it open.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::with_room(path, LARGEST)
    }

    /// As [`Journal::open`], for at most `largest` bytes.
    pub(super) fn with_room(path: &Path, largest: u64) -> io::Result<Self> {
        let file = owned_file::open(path, OpenOptions::new().append(true))?;
        let journal = Self { file, largest };
        journal.cut_unfinished_line()?;
        Ok(journal)
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> io::Result<bool> {
        Ok(self.length()? == 0)
    }

    /// Adds records; they are on the disk when this returns. All are added, or none.
    pub(super) fn append(&self, records: &[UsageRecord]) -> io::Result<()> {
        let before = self.length()?;
        let mut lines = Vec::new();
        for record in records {
            serde_json::to_writer(&mut lines, &Line::from(record))?;
            lines.push(b'\n');
        }
        if before + lines.len() as u64 > self.largest {
            return Err(io::ErrorKind::StorageFull.into());
        }
        (&self.file)
            .write_all(&lines)
            .and_then(|()| self.file.sync_data())
            .inspect_err(|_| {
                // What was written of it must not be half a line that the next one is added to.
                let _ = self.file.set_len(before);
            })
    }

    /// The records from the byte `from` on, at most `most` of them, and the byte after the last one.
    pub(super) fn read(&self, from: u64, most: usize) -> io::Result<(Vec<UsageRecord>, u64)> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(from))?;
        let mut lines = BufReader::new(file);
        let (mut records, mut end, mut line) = (Vec::new(), from, String::new());
        while records.len() < most && lines.read_line(&mut line)? > 0 {
            end += line.len() as u64;
            match serde_json::from_str::<Line<'_>>(&line)
                .map_err(io::Error::from)
                .and_then(Line::record)
            {
                Ok(record) => records.push(record),
                Err(error) => tracing::error!(%error, line = line.trim_end(), "a line of the usage journal is damaged"),
            }
            line.clear();
        }
        Ok((records, end))
    }

    /// Removes everything, once it is in the database.
    pub(super) fn clear(&self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.sync_data()
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn cut_unfinished_line(&self) -> io::Result<()> {
        let mut content = Vec::new();
        (&self.file).read_to_end(&mut content)?;
        let finished = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if finished < content.len() {
            self.file.set_len(finished as u64)?;
        }
        Ok(())
    }
}

impl Line<'_> {
    pub(super) fn record(self) -> io::Result<UsageRecord> {
        let [prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens] = self.tokens;
        Ok(UsageRecord {
            request_id: RequestId::from_bytes(self.id),
            key: KeyId(self.key),
            endpoint: code::endpoint(self.endpoint).map_err(io::Error::other)?,
            requested_model: self.requested.into_owned(),
            served_model: self.served.into_owned(),
            stream: self.stream,
            prompt_tokens,
            cached_tokens,
            completion_tokens,
            reasoning_tokens,
            outcome: code::outcome(self.outcome).map_err(io::Error::other)?,
            status: self.status,
            started_at: UnixMillis(self.started_at),
            first_byte_ms: self.first_byte_ms,
            duration_ms: self.duration_ms,
            queue_ms: self.queue_ms,
            overhead_us: self.overhead_us,
            client: code::client(self.client).map_err(io::Error::other)?,
            granted_tokens: self.granted,
            clamped: self.clamped,
            chat_user: self.chat_user.map(Cow::into_owned),
        })
    }
}

impl<'a> From<&'a UsageRecord> for Line<'a> {
    fn from(record: &'a UsageRecord) -> Self {
        Self {
            id: record.request_id.to_bytes(),
            key: record.key.0,
            endpoint: code::of_endpoint(record.endpoint),
            requested: Cow::Borrowed(&record.requested_model),
            served: Cow::Borrowed(&record.served_model),
            stream: record.stream,
            tokens: [
                record.prompt_tokens,
                record.cached_tokens,
                record.completion_tokens,
                record.reasoning_tokens,
            ],
            outcome: code::of_outcome(record.outcome),
            status: record.status,
            started_at: record.started_at.0,
            first_byte_ms: record.first_byte_ms,
            duration_ms: record.duration_ms,
            queue_ms: record.queue_ms,
            overhead_us: record.overhead_us,
            client: code::of_client(record.client),
            granted: record.granted_tokens,
            clamped: record.clamped,
            chat_user: record.chat_user.as_deref().map(Cow::Borrowed),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};
    use worv_core::{
        Clock, Entropy,
        usage::{ClientKind, Endpoint, Outcome},
    };

    pub(in crate::usage) fn record(seed: u64) -> UsageRecord {
        UsageRecord {
            request_id: RequestId::new(&Clock::manual(UnixMillis(1)), &Entropy::counted(seed)),
            key: KeyId(7),
            endpoint: Endpoint::ChatCompletions,
            requested_model: "a \"quoted\"\nname\0".to_owned(),
            served_model: "m".to_owned(),
            stream: true,
            prompt_tokens: u64::MAX,
            cached_tokens: 2,
            completion_tokens: 3,
            reasoning_tokens: 4,
            outcome: Outcome::Lost,
            status: 200,
            started_at: UnixMillis(-5),
            first_byte_ms: None,
            duration_ms: 6,
            queue_ms: 7,
            overhead_us: 8,
            client: ClientKind::Codex,
            granted_tokens: Some(9),
            clamped: true,
            chat_user: Some("ada".to_owned()),
        }
    }

    #[test]
    fn what_is_appended_is_read_in_pieces_and_survives_reopening() {
        let home = tempfile::TempDir::new().unwrap();
        let path = home.path().join("usage.journal");
        let records = [1, 2, 3].map(record);
        let journal = Journal::open(&path).unwrap();
        journal.append(&records[..2]).unwrap();
        journal.append(&records[2..]).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(Journal::open(&path).is_err(), "one process at a time");
        drop(journal);

        let journal = Journal::open(&path).unwrap();
        let (first, middle) = journal.read(0, 2).unwrap();
        let (rest, end) = journal.read(middle, 2).unwrap();
        assert_eq!((&first[..], &rest[..]), (&records[..2], &records[2..]));
        assert_eq!(journal.read(end, 2).unwrap(), (Vec::new(), end));
        journal.clear().unwrap();
        assert!(journal.is_empty().unwrap());
    }

    #[test]
    fn a_line_that_a_crash_cut_short_is_no_record() {
        let home = tempfile::TempDir::new().unwrap();
        let path = home.path().join("usage.journal");
        Journal::open(&path).unwrap().append(&[record(1), record(2)]).unwrap();
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 10]).unwrap();
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.read(0, 10).unwrap().0, [record(1)]);
        journal.append(&[record(3)]).unwrap();
        assert_eq!(journal.read(0, 10).unwrap().0, [record(1), record(3)]);
    }

    #[test]
    fn a_full_journal_takes_all_of_a_batch_or_nothing() {
        let home = tempfile::TempDir::new().unwrap();
        let mut journal = Journal::open(&home.path().join("usage.journal")).unwrap();
        journal.append(&[record(1)]).unwrap();
        journal.largest = journal.length().unwrap() + 1;
        let refused = journal.append(&[record(2), record(3)]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        assert_eq!(journal.read(0, 10).unwrap().0, [record(1)]);
    }
}

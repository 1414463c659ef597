//! The write-ahead log of usage: where a record is safe within one write to the disk, long before the database has it.
//!
//! Two files take turns. Records are added to one of them until it has grown enough and everything in the other is in
//! the database; then the other one begins anew. Space that is used again needs no new blocks, so that a sync writes the
//! data and nothing of the file system's own.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use sha2::{Digest, Sha256};
use worv_core::usage::UsageRecord;

use super::{
    owned_file,
    packed::{pack, unpack},
};

/// Bytes that a file has from the start, and keeps.
const ROOM: u64 = 1 << 20;

/// Bytes after which the other file's turn comes.
const TURN: u64 = ROOM / 2;

/// Bytes before a frame's records: the generation, their length, and the first bytes of their digest.
const HEADER: usize = 24;

/// Bytes that a record hardly ever goes beyond.
const USUAL_RECORD: usize = 192;

/// An open log. Adding to it blocks while the disk works.
#[derive(Debug)]
pub(super) struct WriteAhead {
    files: [LogFile; 2],
    place: Mutex<Place>,
}

/// What a process has left, file by file.
pub(super) type Left = Vec<(Turn, Vec<UsageRecord>)>;

/// Which file records are in. They have to be there until they are safe elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn(usize);

impl Turn {
    pub(super) const ALL: [Self; 2] = [Self(0), Self(1)];
}

#[derive(Debug)]
struct LogFile {
    file: File,
    /// Records in it that are safe nowhere else.
    needed: AtomicUsize,
}

/// Where the next records go.
#[derive(Clone, Copy, Debug)]
struct Place {
    turn: Turn,
    /// Grows with each beginning anew: what is left of an earlier one does not count.
    generation: u64,
    /// The byte after the last frame.
    end: u64,
}

/// What a file was found to hold.
struct Found {
    generation: u64,
    end: u64,
    records: Vec<UsageRecord>,
}

impl WriteAhead {
    /// Opens the files that begin with `path`, for the owner only, and returns what the process before may not have
    /// brought to the database, in the order in which it came.
    ///
    /// # Errors
    /// Where a file cannot be opened, or another process has it open.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Left)> {
        let (first, second) = (LogFile::open(path, 0)?, LogFile::open(path, 1)?);
        let files = [first, second];
        let mut left = Vec::new();
        let mut place = Place {
            turn: Turn(0),
            generation: 0,
            end: 0,
        };
        for (number, file) in files.iter().enumerate() {
            let found = file.read()?;
            if found.generation > place.generation {
                place = Place {
                    turn: Turn(number),
                    generation: found.generation,
                    end: found.end,
                };
            }
            if !found.records.is_empty() {
                file.needed.store(found.records.len(), Ordering::Relaxed);
                left.push((found.generation, (Turn(number), found.records)));
            }
        }
        left.sort_unstable_by_key(|(generation, _)| *generation);
        let log = Self {
            files,
            place: Mutex::new(place),
        };
        Ok((log, left.into_iter().map(|(_, left)| left).collect()))
    }

    /// Adds records; where `synced`, they are on the disk when this returns.
    pub(super) fn append<'a>(
        &self,
        records: impl ExactSizeIterator<Item = &'a UsageRecord>,
        synced: bool,
    ) -> io::Result<Turn> {
        let count = records.len();
        let mut place = self.place();
        let next = self.next(*place)?;
        let frame = frame(next.generation, records);
        let LogFile { file, needed } = &self.files[next.turn.0];
        file.write_all_at(&frame, next.end)?;
        if synced {
            file.sync_data()?;
        }
        needed.fetch_add(count, Ordering::Relaxed);
        *place = Place {
            end: next.end + frame.len() as u64,
            ..next
        };
        Ok(next.turn)
    }

    /// So many records of that turn are safe elsewhere. A file that is needed no more is emptied, unless records are
    /// being added: it is a matter of neatness, since whatever is in the database is there once.
    pub(super) fn release(&self, turn: Turn, count: usize) {
        let LogFile { file, needed } = &self.files[turn.0];
        needed.fetch_sub(count, Ordering::Relaxed);
        let Ok(place) = self.place.try_lock() else {
            return;
        };
        if needed.load(Ordering::Relaxed) == 0
            && let Err(error) = void(file, place.generation)
        {
            tracing::debug!(%error, "cannot empty the write-ahead log of usage");
        }
    }

    /// Where records go after those at `place`.
    fn next(&self, place: Place) -> io::Result<Place> {
        let other = Turn(1 - place.turn.0);
        let is_needed = |turn: Turn| self.files[turn.0].needed.load(Ordering::Relaxed) > 0;
        if !is_needed(place.turn) {
            Ok(place.anew(place.turn))
        } else if place.end > TURN && !is_needed(other) {
            // It may have grown while the database was away.
            let file = &self.files[other.0].file;
            if file.metadata()?.len() > ROOM {
                file.set_len(ROOM)?;
            }
            Ok(place.anew(other))
        } else {
            Ok(place)
        }
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        // Nothing that is done under the lock can leave it half done.
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn anew(self, turn: Turn) -> Self {
        Self {
            turn,
            generation: self.generation + 1,
            end: 0,
        }
    }
}

impl LogFile {
    fn open(path: &Path, number: usize) -> io::Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        let file = owned_file::open(Path::new(&name), OpenOptions::new().write(true).truncate(false))?;
        let length = file.metadata()?.len();
        if length < ROOM {
            // Written, not only reserved: then the blocks are there and need no further word from the file system.
            let missing = usize::try_from(ROOM - length).unwrap_or_default();
            let made = file
                .write_all_at(&vec![0; missing], length)
                .and_then(|()| file.sync_all());
            if let Err(error) = made {
                tracing::warn!(%error, "the disk has no room for the write-ahead log of usage");
            }
        }
        Ok(Self {
            file,
            needed: AtomicUsize::new(0),
        })
    }

    /// The frames that were written whole, one after the other, by one generation.
    fn read(&self) -> io::Result<Found> {
        let mut found = Found {
            generation: 0,
            end: 0,
            records: Vec::new(),
        };
        let length = self.file.metadata()?.len();
        let mut header = [0; HEADER];
        while found.end + HEADER as u64 <= length {
            self.file.read_exact_at(&mut header, found.end)?;
            let (generation, size, digest) = taken_apart(header);
            let start = found.end + HEADER as u64;
            let follows = found.end == 0 || generation == found.generation;
            if generation == 0 || !follows || size > length - start {
                break;
            }
            let mut packed = vec![0; usize::try_from(size).map_err(io::Error::other)?];
            self.file.read_exact_at(&mut packed, start)?;
            if digest_of(generation, &packed) != digest {
                break;
            }
            found.generation = generation;
            found.end = start + size;
            let mut packed = &packed[..];
            while !packed.is_empty() {
                found.records.push(unpack(&mut packed)?);
            }
        }
        Ok(found)
    }
}

/// Makes a reader find nothing but the generation, which must not be used again.
fn void(file: &File, generation: u64) -> io::Result<()> {
    file.write_all_at(&frame(generation, [].iter()), 0)
}

fn frame<'a>(generation: u64, records: impl ExactSizeIterator<Item = &'a UsageRecord>) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER + USUAL_RECORD * records.len());
    frame.resize(HEADER, 0);
    for record in records {
        pack(record, record.outcome, &mut frame);
    }
    let packed = &frame[HEADER..];
    let (size, digest) = (packed.len() as u64, digest_of(generation, packed));
    frame[..8].copy_from_slice(&generation.to_le_bytes());
    frame[8..16].copy_from_slice(&size.to_le_bytes());
    frame[16..HEADER].copy_from_slice(&digest);
    frame
}

/// Generation, length and digest.
fn taken_apart(header: [u8; HEADER]) -> (u64, u64, [u8; 8]) {
    let [generation, size, digest] = [0, 8, 16].map(|at| {
        let mut word = [0; 8];
        word.copy_from_slice(&header[at..at + 8]);
        word
    });
    (u64::from_le_bytes(generation), u64::from_le_bytes(size), digest)
}

/// Tells a frame that was written whole from one that a crash of the machine left torn.
fn digest_of(generation: u64, packed: &[u8]) -> [u8; 8] {
    let digest = Sha256::new()
        .chain_update(generation.to_le_bytes())
        .chain_update(packed)
        .finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    first
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::usage::journal::tests::record;

    fn open(home: &tempfile::TempDir) -> (WriteAhead, Left) {
        WriteAhead::open(&home.path().join("usage.ahead")).unwrap()
    }

    fn left(home: &tempfile::TempDir) -> Vec<UsageRecord> {
        open(home).1.into_iter().flat_map(|(_, records)| records).collect()
    }

    #[test]
    fn what_is_needed_is_found_again_in_order() {
        let home = tempfile::TempDir::new().unwrap();
        let (log, _) = open(&home);
        let records: Vec<_> = (0..5_000).map(record).collect();
        let mut released = 0;
        for (number, pieces) in records.chunks(100).enumerate() {
            let turn = log.append(pieces.iter(), true).unwrap();
            if number < 20 {
                log.release(turn, pieces.len());
                released += pieces.len();
            }
        }
        drop(log);
        assert_eq!(left(&home), records[released..]);
        let (log, found) = open(&home);
        log.append([record(9_000)].iter(), true).unwrap();
        for (turn, records) in found {
            log.release(turn, records.len());
        }
        drop(log);
        assert_eq!(
            left(&home).last(),
            Some(&record(9_000)),
            "what came after a restart stays"
        );
    }

    #[test]
    fn what_is_safe_elsewhere_is_not_found_again() {
        let home = tempfile::TempDir::new().unwrap();
        let (log, left_before) = open(&home);
        assert!(left_before.is_empty());
        for seed in 0..10 {
            let turn = log.append([record(seed)].iter(), false).unwrap();
            log.release(turn, 1);
        }
        drop(log);
        assert!(left(&home).is_empty());
    }

    #[test]
    fn the_files_take_turns_and_do_not_grow_while_the_database_keeps_up() {
        let home = tempfile::TempDir::new().unwrap();
        let (log, _) = open(&home);
        let mut turns = Vec::new();
        let mut behind = None;
        for seed in 0..5_000 {
            let turn = log.append([record(seed)].iter(), false).unwrap();
            turns.push(turn.0);
            if let Some(behind) = behind.replace(turn) {
                log.release(behind, 1);
            }
        }
        assert!(turns.contains(&0) && turns.contains(&1));
        for number in 0..2 {
            let file = fs::metadata(home.path().join(format!("usage.ahead.{number}"))).unwrap();
            assert_eq!(file.len(), ROOM);
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_frame_that_was_not_written_whole_does_not_count_nor_what_follows_it() {
        let home = tempfile::TempDir::new().unwrap();
        let (log, _) = open(&home);
        let mut ends = Vec::new();
        for seed in 0..3 {
            log.append([record(seed)].iter(), true).unwrap();
            ends.push(log.place().end);
        }
        drop(log);
        let file = OpenOptions::new()
            .write(true)
            .open(home.path().join("usage.ahead.0"))
            .unwrap();
        file.write_all_at(b"x", ends[1] - 10).unwrap();
        assert_eq!(left(&home), [record(0)]);
    }

    #[test]
    fn the_files_are_one_process_s() {
        let home = tempfile::TempDir::new().unwrap();
        let _open = open(&home);
        assert!(WriteAhead::open(&home.path().join("usage.ahead")).is_err());
    }
}

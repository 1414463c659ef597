//! The requests under way, in a file that outlives the process: what a kill would otherwise take with it.
//!
//! Each request has a slot of one kilobyte, written when it is admitted and from time to time while it is under way. A
//! write is one small copy into the page cache, which outlives the process but not the machine; nothing is ever synced,
//! so nobody waits for the disk. Once a record is safe elsewhere, its slot is the next request's, or is emptied a little
//! later: what a kill leaves of it until then changes nothing, since of a request's records the first counts.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io, mem,
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use worv_core::{
    id::RequestId,
    usage::{Outcome, UsageRecord},
};

use super::{
    owned_file,
    packed::{pack, pack_shortened, unpack},
};

/// Bytes of a slot. Slots do not cross pages, so that a kill leaves each as it was or as it was to be.
const SLOT: usize = 1_024;

/// Slots: as many requests can be under way and be found again. The file has 16 MiB at most, and no more blocks than
/// were ever in use at a time.
const SLOTS: u32 = 16_384;

/// Characters that are kept of a name where whole names do not fit.
const SHORT_NAME: usize = 30;

/// An open file of requests under way.
#[derive(Debug)]
pub(super) struct UnderWay {
    file: File,
    slots: Mutex<Slots>,
    /// Requests that have no slot, since there was none left or it could not be written.
    untracked: AtomicU64,
    failing: AtomicBool,
}

/// Who has which slot.
#[derive(Debug, Default)]
struct Slots {
    taken: HashMap<RequestId, u32>,
    /// Free, but not emptied. The one that was freed last is taken next: few are ever touched, and of those few are
    /// emptied.
    used: Vec<u32>,
    /// Free and empty.
    free: Vec<u32>,
}

impl UnderWay {
    /// Opens the file, for the owner only, and returns what the process before has left in it: requests that had ended,
    /// as they ended, and the others as lost. Their slots stay taken until [`UnderWay::forget`].
    ///
    /// # Errors
    /// Where the file cannot be opened, or another process has it open.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<UsageRecord>)> {
        let file = owned_file::open(path, OpenOptions::new().write(true).truncate(false))?;
        file.set_len(u64::from(SLOTS) * SLOT as u64)?;
        let (mut slots, mut left) = (Slots::default(), Vec::new());
        let mut slot = [0; SLOT];
        for number in 0..SLOTS {
            file.read_exact_at(&mut slot, offset(number))?;
            if slot[0] == 0 {
                continue;
            }
            // What follows the record is left of a longer one.
            match unpack(&mut &slot[..]) {
                Ok(record) => {
                    slots.taken.insert(record.request_id, number);
                    left.push(record);
                }
                Err(error) => {
                    tracing::error!(%error, number, "a request under way was left unreadable");
                    empty(&file, number)?;
                }
            }
        }
        let taken: std::collections::HashSet<u32> = slots.taken.values().copied().collect();
        slots.free = (0..SLOTS).rev().filter(|number| !taken.contains(number)).collect();
        let under_way = Self {
            file,
            slots: Mutex::new(slots),
            untracked: AtomicU64::new(0),
            failing: AtomicBool::new(false),
        };
        Ok((under_way, left))
    }

    /// Notes a request that has been admitted: until it has ended, a kill leaves it as lost.
    pub(super) fn begin(&self, request: &UsageRecord) {
        let slot = {
            let mut slots = self.slots();
            let slot = slots.used.pop().or_else(|| slots.free.pop());
            if let Some(slot) = slot {
                slots.taken.insert(request.request_id, slot);
            }
            slot
        };
        match slot {
            Some(slot) => self.write(slot, request, Outcome::Lost),
            None => self.fail(&io::Error::other("too many requests are under way")),
        }
    }

    /// Notes how far a request has come.
    pub(super) fn progress(&self, request: &UsageRecord) {
        self.rewrite(request, Outcome::Lost);
    }

    /// Notes how a request ended.
    pub(super) fn end(&self, request: &UsageRecord) {
        self.rewrite(request, request.outcome);
    }

    /// Frees the slots of requests whose records are safe.
    pub(super) fn forget<'a>(&self, requests: impl Iterator<Item = &'a UsageRecord>) {
        let mut slots = self.slots();
        for request in requests {
            if let Some(slot) = slots.taken.remove(&request.request_id) {
                slots.used.push(slot);
            }
        }
    }

    /// Empties the slots that are free.
    pub(super) fn sweep(&self) {
        let used = mem::take(&mut self.slots().used);
        for &slot in &used {
            // One that keeps its content is written once more after a restart, which changes nothing.
            if let Err(error) = empty(&self.file, slot) {
                self.fail(&error);
            }
        }
        // Only now may others write there.
        self.slots().free.extend(used);
    }

    /// Requests that would not be found again after a kill.
    pub(super) fn untracked(&self) -> u64 {
        self.untracked.load(Ordering::Relaxed)
    }

    fn rewrite(&self, request: &UsageRecord, outcome: Outcome) {
        let slot = self.slots().taken.get(&request.request_id).copied();
        if let Some(slot) = slot {
            self.write(slot, request, outcome);
        }
    }

    fn write(&self, slot: u32, request: &UsageRecord, outcome: Outcome) {
        let written = encode(request, outcome).and_then(|record| self.file.write_all_at(&record, offset(slot)));
        match written {
            Ok(()) => self.failing.store(false, Ordering::Relaxed),
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&self, error: &io::Error) {
        self.untracked.fetch_add(1, Ordering::Relaxed);
        if !self.failing.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "a request under way is noted nowhere: it would be forgotten if the gateway were killed");
        }
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, Slots> {
        // Nothing that is done under the lock can leave it half done.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn offset(slot: u32) -> u64 {
    u64::from(slot) * SLOT as u64
}

fn empty(file: &File, slot: u32) -> io::Result<()> {
    file.write_all_at(&[0], offset(slot))
}

/// What a slot holds. Names that are too long for it are cut.
fn encode(request: &UsageRecord, outcome: Outcome) -> io::Result<Vec<u8>> {
    let mut written = Vec::with_capacity(SLOT);
    pack(request, outcome, &mut written);
    if written.len() > SLOT {
        written.clear();
        pack_shortened(request, outcome, SHORT_NAME, &mut written);
    }
    if written.len() > SLOT {
        return Err(io::Error::other("its names are too long"));
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::usage::journal::tests::record;

    fn open(home: &tempfile::TempDir) -> (UnderWay, Vec<UsageRecord>) {
        UnderWay::open(&home.path().join("usage.under-way")).unwrap()
    }

    #[test]
    fn what_was_under_way_is_lost_and_what_had_ended_is_as_it_ended() {
        let home = tempfile::TempDir::new().unwrap();
        let (under_way, left) = open(&home);
        assert!(left.is_empty());
        let of = |seed, completion_tokens| UsageRecord {
            outcome: Outcome::Done,
            completion_tokens,
            ..record(seed)
        };
        under_way.begin(&of(1, 0));
        under_way.progress(&of(1, 17));
        under_way.begin(&of(2, 0));
        under_way.end(&of(2, 40));
        under_way.begin(&of(3, 0));
        under_way.forget([of(3, 0)].iter());
        under_way.sweep();
        drop(under_way);

        let (under_way, left) = open(&home);
        let lost = UsageRecord {
            outcome: Outcome::Lost,
            ..of(1, 17)
        };
        assert_eq!(left, [lost, of(2, 40)]);
        under_way.forget(left.iter());
        under_way.sweep();
        drop(under_way);
        assert!(open(&home).1.is_empty());
    }

    #[test]
    fn the_file_is_for_one_process_and_its_owner() {
        let home = tempfile::TempDir::new().unwrap();
        let path = home.path().join("usage.under-way");
        let _open = UnderWay::open(&path).unwrap();
        assert!(UnderWay::open(&path).is_err(), "one process at a time");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn names_of_any_length_have_room() {
        let home = tempfile::TempDir::new().unwrap();
        let (under_way, _) = open(&home);
        let absurd = UsageRecord {
            requested_model: "\"\u{1f600}\0".repeat(10_000),
            served_model: "\\".repeat(10_000),
            chat_user: Some("\u{1f600}".repeat(64)),
            prompt_tokens: u64::MAX,
            ..record(1)
        };
        under_way.begin(&absurd);
        drop(under_way);
        let (_, left) = open(&home);
        assert_eq!(left[0].served_model, "\\".repeat(SHORT_NAME));
        assert_eq!(left[0].prompt_tokens, u64::MAX);
    }

    #[test]
    fn more_requests_than_slots_are_owned_up_to() {
        let home = tempfile::TempDir::new().unwrap();
        let (under_way, _) = open(&home);
        for seed in 0..=u64::from(SLOTS) {
            under_way.begin(&record(seed));
        }
        assert_eq!(under_way.untracked(), 1);
        under_way.forget([record(7)].iter());
        under_way.begin(&record(u64::MAX));
        assert_eq!(under_way.untracked(), 1, "a slot that is free is used again");
        drop(under_way);
        assert_eq!(open(&home).1.len(), SLOTS as usize);
    }

    #[test]
    fn a_slot_that_cannot_be_read_is_emptied() {
        let home = tempfile::TempDir::new().unwrap();
        let path = home.path().join("usage.under-way");
        let (under_way, _) = open(&home);
        under_way.begin(&record(1));
        under_way.begin(&record(2));
        drop(under_way);
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(b"{\"id\":[torn", 0).unwrap();
        drop(file);
        let (under_way, left) = open(&home);
        assert_eq!(left.len(), 1);
        drop(under_way);
        assert_eq!(open(&home).1.len(), 1);
    }
}

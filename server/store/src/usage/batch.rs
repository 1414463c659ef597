//! Records that go to the database together.

use worv_core::usage::UsageRecord;

use super::{recorder::Group, waiting::Waiting, write_ahead::Turn};

/// Records, and where in the write-ahead log each is.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) records: Vec<UsageRecord>,
    turns: Vec<Option<Turn>>,
}

impl Batch {
    /// Records that all are in the same place.
    pub(super) fn new(records: Vec<UsageRecord>, turn: Option<Turn>) -> Self {
        let turns = vec![turn; records.len()];
        Self { records, turns }
    }

    /// Adds what the recorder has taken at once, and returns who waits for it.
    pub(super) fn take_in(&mut self, group: Group) -> Vec<Waiting> {
        let mut waiting = Vec::new();
        self.turns.resize(self.turns.len() + group.entries.len(), group.turn);
        for entry in group.entries {
            self.records.push(entry.record);
            waiting.extend(entry.waiting);
        }
        waiting
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.records.append(&mut other.records);
        self.turns.append(&mut other.turns);
    }

    /// Empties it, and keeps its room.
    pub(super) fn clear(&mut self) {
        self.records.clear();
        self.turns.clear();
    }

    /// Takes away all but the first `most`.
    pub(super) fn split_off(&mut self, most: usize) -> Self {
        let at = most.min(self.len());
        Self {
            records: self.records.split_off(at),
            turns: self.turns.split_off(at),
        }
    }

    /// How many records are in which file of the write-ahead log.
    pub(super) fn turns(&self) -> impl Iterator<Item = (Turn, usize)> {
        let of_one = |turn: Turn| (turn, self.turns.iter().filter(|of| **of == Some(turn)).count());
        Turn::ALL.into_iter().map(of_one).filter(|(_, count)| *count > 0)
    }

    /// Those that are not in the write-ahead log.
    pub(super) fn records_outside_the_log(&self) -> impl Iterator<Item = &UsageRecord> {
        let each = self.records.iter().zip(&self.turns);
        each.filter(|(_, turn)| turn.is_none()).map(|(record, _)| record)
    }

    /// Each with its place.
    pub(super) fn into_each(self) -> impl Iterator<Item = (UsageRecord, Option<Turn>)> {
        self.records.into_iter().zip(self.turns)
    }
}

impl FromIterator<(UsageRecord, Option<Turn>)> for Batch {
    fn from_iter<I: IntoIterator<Item = (UsageRecord, Option<Turn>)>>(each: I) -> Self {
        let (records, turns) = each.into_iter().unzip();
        Self { records, turns }
    }
}

//! The system's table of processes, as `/proc` shows it (proc(5)).

use std::fs;

use serde::{Deserialize, Serialize};

/// The variable by which a process knows the run that it belongs to; inherited by whatever it starts.
pub(super) const RUN_VARIABLE: &str = "ENGINE_RUN";

/// Which process is meant, in a way that no later process can be mistaken for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// Its id, and that of its process group.
    pub(super) pid: u32,
    /// When it was started, in clock ticks since the machine was.
    start_time: u64,
    /// Which start of the machine that was.
    boot: String,
    /// The value of [`RUN_VARIABLE`] in its environment.
    run: String,
}

/// What the table says of one process.
struct Entry {
    group: u32,
    is_zombie: bool,
    start_time: u64,
}

impl Identity {
    /// The process `pid`, which leads its group; none if it is gone already.
    pub(super) fn of(pid: u32, run: String) -> Option<Self> {
        Some(Self {
            pid,
            start_time: entry(pid)?.start_time,
            boot: boot(),
            run,
        })
    }

    /// The first process of a run whose number nobody has written down; none if there is none.
    pub(super) fn first_of(run: &str) -> Option<Self> {
        let marked = format!("{RUN_VARIABLE}={run}");
        let members = pids().into_iter().filter(|pid| has_variable(*pid, &marked));
        let identities = members.filter_map(|pid| Self::of(pid, run.to_owned()));
        identities.min_by_key(|identity| identity.start_time)
    }

    /// Whether it still runs.
    pub(super) fn is_alive(&self) -> bool {
        self.boot == boot()
            && entry(self.pid).is_some_and(|entry| entry.start_time == self.start_time && !entry.is_zombie)
    }

    /// Every process that belongs to it: in its group, or started by it however indirectly. A process that has ended
    /// and is merely not collected yet is none.
    pub(super) fn members(&self) -> Vec<u32> {
        if self.boot != boot() {
            return Vec::new();
        }
        // Once its number is another's, so is the group of that number.
        let group_is_ours = entry(self.pid).is_none_or(|entry| entry.start_time == self.start_time);
        let marked = format!("{RUN_VARIABLE}={}", self.run);
        let belongs = |pid: &u32| {
            entry(*pid).is_some_and(|entry| {
                !entry.is_zombie && ((group_is_ours && entry.group == self.pid) || has_variable(*pid, &marked))
            })
        };
        pids().into_iter().filter(belongs).collect()
    }
}

/// Whether there is a process of that number.
pub(super) fn exists(pid: u32) -> bool {
    entry(pid).is_some_and(|entry| !entry.is_zombie)
}

/// How many processes the system has killed for want of memory since it was started.
pub(super) fn killed_for_memory() -> Option<u64> {
    let counts = fs::read_to_string("/proc/vmstat").ok()?;
    let count = counts.lines().find_map(|line| line.strip_prefix("oom_kill "))?;
    count.trim().parse().ok()
}

fn pids() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.collect()
}

fn entry(pid: u32) -> Option<Entry> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, parentheses included.
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    Some(Entry {
        is_zombie: matches!(fields.first(), Some(&"Z" | &"X")),
        group: fields.get(2)?.parse().ok()?,
        start_time: fields.get(19)?.parse().ok()?,
    })
}

/// A process of another user's cannot be looked into; it is none of ours.
fn has_variable(pid: u32, variable: &str) -> bool {
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
        environment
            .split(|byte| *byte == 0)
            .any(|entry| entry == variable.as_bytes())
    })
}

fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map_or_else(|_| String::new(), |id| id.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_itself_and_no_other() {
        let own = Identity::of(std::process::id(), "none".to_owned()).unwrap();
        assert!(own.is_alive());
        let later = Identity {
            start_time: own.start_time + 1,
            ..own.clone()
        };
        assert!(!later.is_alive(), "a later process of the same number is another");
        assert!(later.members().is_empty());
        let elsewhere = Identity {
            boot: "another".to_owned(),
            ..own
        };
        assert!(!elsewhere.is_alive(), "nothing survives the machine's end");
    }
}

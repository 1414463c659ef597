//! What the system says of a process and its children: CPU time and memory.

use std::{fs, time::Duration};

use crate::Result;

/// CPU time, user and system, of the process and of its children that are alive.
pub(crate) fn cpu_time(process: u32) -> Result<Duration> {
    let mut ticks = 0;
    for process in family(process) {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        // The name, in brackets, may contain anything; fields 14 and 15 are counted from behind it.
        let after_name = stat.rsplit_once(')').ok_or("an unreadable stat file")?.1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        ticks += fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    }
    // A tick is 10 ms on every Linux that a program can meet (USER_HZ).
    Ok(Duration::from_millis(ticks * 10))
}

/// Proportional set size of the process and its children, in bytes.
pub(crate) fn memory(process: u32) -> Result<u64> {
    let mut total = 0;
    for process in family(process) {
        let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
        let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kibibytes: u64 = pss
            .and_then(|pss| pss.trim().strip_suffix(" kB"))
            .ok_or("no proportional set size")?
            .parse()?;
        total += kibibytes << 10;
    }
    Ok(total)
}

/// The process and its children.
fn family(process: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    std::iter::once(process).chain(children).collect()
}

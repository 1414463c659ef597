//! The table.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    Options, machine,
    target::{NGINX, WORV},
};

/// One measured figure.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    name: &'static str,
    unit: &'static str,
    value: f64,
}

/// Figures by what was measured and at which target, of all rounds.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// Rows in the order in which they came.
    rows: Vec<(&'static str, &'static str, &'static str)>,
    cells: BTreeMap<(&'static str, &'static str, &'static str), Vec<f64>>,
}

impl Figure {
    /// Time per thing, in microseconds.
    #[expect(clippy::cast_precision_loss, reason = "a count of requests is far below 2^52")]
    pub(crate) fn micros(name: &'static str, time: Duration, things: u64) -> Self {
        Self {
            name,
            unit: "µs",
            value: time.as_secs_f64() * 1e6 / things.max(1) as f64,
        }
    }

    /// A time, in milliseconds.
    pub(crate) fn time(name: &'static str, time: Duration) -> Self {
        Self {
            name,
            unit: "ms",
            value: time.as_secs_f64() * 1e3,
        }
    }

    /// Memory per thing, in KiB.
    #[expect(clippy::cast_precision_loss, reason = "bytes of memory are far below 2^52")]
    pub(crate) fn kibibytes(name: &'static str, bytes: u64, things: u64) -> Self {
        Self {
            name,
            unit: "KiB",
            value: bytes as f64 / 1024.0 / things.max(1) as f64,
        }
    }
}

impl Table {
    pub(crate) fn add(&mut self, scenario: &'static str, target: &'static str, figures: Vec<Figure>) {
        for figure in figures {
            let row = (scenario, figure.name, figure.unit);
            if !self.rows.contains(&row) {
                self.rows.push(row);
            }
            let cell = self.cells.entry((scenario, figure.name, target)).or_default();
            cell.push(figure.value);
        }
    }

    /// Prints the medians, and how the gateway compares with nginx.
    #[expect(clippy::print_stdout, reason = "the table is what the program is for")]
    pub(crate) fn print(&self, machine: &str, options: &Options) {
        const TARGETS: [&str; 4] = ["direct", NGINX, "haproxy", WORV];
        println!("{machine}.");
        println!(
            "{}; {}; {}. Medians of {} rounds of {} s, {} held streams.\n",
            machine::first_line("nginx", &["-v"]),
            machine::first_line("haproxy", &["-v"]),
            machine::first_line(&options.worv.display().to_string(), &["--version"]),
            options.rounds,
            options.seconds,
            options.streams
        );
        println!("| load | figure | {} | worv to nginx |", TARGETS.join(" | "));
        println!("|---|---|{}---:|", "---:|".repeat(TARGETS.len()));
        for &(scenario, name, unit) in &self.rows {
            let cell = |target| self.cells.get(&(scenario, name, target)).map(|values| median(values));
            let cells =
                TARGETS.map(|target| cell(target).map_or("–".to_owned(), |value| format!("{value:.2} {unit}")));
            let ratio = match (cell(WORV), cell(NGINX)) {
                (Some(worv), Some(nginx)) if nginx > 0.0 => format!("{:.2}", worv / nginx),
                _ => "–".to_owned(),
            };
            println!("| {scenario} | {name} | {} | {ratio} |", cells.join(" | "));
        }
    }
}

/// Says on standard error what is being measured.
#[expect(clippy::print_stderr, reason = "progress is for the person, the table for the file")]
pub(crate) fn progress(round: usize, scenario: &str, target: &str) {
    eprintln!("round {}: {scenario} at {target}", round + 1);
}

/// Says on standard error why there is no table.
#[expect(clippy::print_stderr, reason = "this is the program's message to a person")]
pub(crate) fn complain(error: &dyn std::error::Error) {
    eprintln!("error: {error}");
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}

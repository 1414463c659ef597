//! Writing to the terminal and to files. A reader that has gone away (`worv keys list | head`) is no reason to fail.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;

/// Writes a line for the user.
pub fn line(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Writes one JSON value on one line.
pub fn json(value: &impl Serialize) {
    line(&serde_json::to_string(value).expect("our own types serialise"));
}

/// Writes what a value has, a line each.
pub fn fields(value: &impl Serialize) {
    let value = serde_json::to_value(value).expect("our own types serialise");
    let mut rows = Vec::new();
    collect_fields("", &value, &mut rows);
    table(&rows);
}

fn collect_fields(name: &str, value: &Value, rows: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                collect_fields(member, value, rows);
            }
        }
        Value::Null => rows.push(vec![name.to_owned(), "-".to_owned()]),
        Value::String(text) => rows.push(vec![name.to_owned(), text.clone()]),
        other => rows.push(vec![name.to_owned(), other.to_string()]),
    }
}

/// Writes why the program ends, on one line.
pub fn complain(failure: &Failure) {
    let _ = writeln!(io::stderr(), "worv: {failure}");
}

/// Writes a table with aligned columns, the first row being its head.
pub fn table(rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// Writes a file that only its owner can read. It is there whole or not at all: whoever waits for it never reads half.
pub fn write_privately(file: &Path, content: &[u8]) -> io::Result<()> {
    let draft = file.with_extension("part");
    let mut output = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    output.write_all(content)?;
    output.sync_all()?;
    fs::rename(draft, file)
}

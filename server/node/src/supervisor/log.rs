//! The engine's log: written to a file by the engine itself, followed from there, and kept from growing.
//!
//! A pipe would break with this program, and take the engine with it. Since the engine holds the file open, it is cut
//! in place rather than renamed: the engine appends, so what it writes next begins at the new end.

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::record::create_folder;

/// Lines that are kept in memory.
const KEPT_LINES: usize = 2_000;

/// Bytes of a line that are kept.
const LINE_BYTES: usize = 1_000;

/// Bytes that the file may have before it is cut. What is cut off is kept in a second file of at most this size.
const FILE_BYTES: u64 = 16 << 20;

/// Bytes that are read at a time. An engine that writes more between two looks writes faster than anybody reads: the
/// rest is left out.
const LOOK_BYTES: u64 = 1 << 20;

/// The last lines of the engine's log. Cheap to clone; every clone sees the same.
#[derive(Clone, Debug, Default)]
pub struct LogTail(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<String>,
    /// How many there have been, the kept ones included.
    count: u64,
}

/// The file that the engine writes, and how far it has been read.
pub(super) struct LogFile {
    path: PathBuf,
    read_to: u64,
    /// The beginning of a line whose end is not written yet.
    rest: Vec<u8>,
    tail: LogTail,
}

impl LogTail {
    /// Adds a line.
    pub fn push(&self, line: String) {
        let mut lines = self.lock();
        if lines.kept.len() == KEPT_LINES {
            lines.kept.pop_front();
        }
        lines.kept.push_back(line);
        lines.count += 1;
    }

    /// Forgets all lines.
    pub fn clear(&self) {
        *self.lock() = Lines::default();
    }

    /// The last lines, oldest first, at most `count`.
    pub fn last(&self, count: usize) -> Vec<String> {
        let lines = &self.lock().kept;
        let skipped = lines.len().saturating_sub(count);
        lines.iter().skip(skipped).cloned().collect()
    }

    /// At most `count` lines from the one of number `from` on, the first ever being number 0, and the number of the line
    /// after them. Lines that are not kept any more are left out.
    pub fn from(&self, from: u64, count: usize) -> (Vec<String>, u64) {
        let lines = self.lock();
        let oldest = lines.count - lines.kept.len() as u64;
        let begin = from.clamp(oldest, lines.count);
        let skipped = usize::try_from(begin - oldest).unwrap_or(usize::MAX);
        let found: Vec<String> = lines.kept.iter().skip(skipped).take(count).cloned().collect();
        let next = begin + found.len() as u64;
        (found, next)
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogFile {
    pub(super) fn new(path: PathBuf, tail: LogTail) -> Self {
        Self {
            path,
            read_to: 0,
            rest: Vec::new(),
            tail,
        }
    }

    /// The last lines.
    pub(super) fn tail(&self) -> &LogTail {
        &self.tail
    }

    /// Opens the file for an engine to append to, for the owner only; what is in it already has been read.
    pub(super) fn open(&mut self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            create_folder(folder)?;
        }
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path)?;
        self.read_to = file.metadata()?.len();
        self.rest.clear();
        Ok(file)
    }

    /// Begins with what was written lately, for an engine that was started by a program before us.
    pub(super) fn go_back(&mut self) {
        let length = fs::metadata(&self.path).map_or(0, |file| file.len());
        self.read_to = length.saturating_sub(LOOK_BYTES);
        self.rest.clear();
    }

    /// The lines that have been written since the last look; they are in the tail as well. Cuts the file once it is
    /// long enough.
    pub(super) fn look(&mut self) -> io::Result<Vec<String>> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        if length < self.read_to {
            self.read_to = 0;
        }
        let mut lines = Vec::new();
        let behind = (length - self.read_to).saturating_sub(LOOK_BYTES);
        if behind > 0 {
            self.rest.clear();
            self.read_to += behind;
            lines.push(format!(
                "({behind} bytes of the log are left out here: they came too fast)"
            ));
        }
        file.seek(SeekFrom::Start(self.read_to))?;
        let mut new = Vec::new();
        let read = file.take(LOOK_BYTES).read_to_end(&mut new)?;
        self.read_to += read as u64;
        self.take(&new, &mut lines);
        if length > FILE_BYTES {
            self.cut()?;
        }
        for line in &lines {
            self.tail.push(line.clone());
        }
        Ok(lines)
    }

    /// Splits what was read into lines. A progress bar is drawn over itself with carriage returns; each drawing counts
    /// as a line.
    fn take(&mut self, new: &[u8], lines: &mut Vec<String>) {
        for byte in new {
            if matches!(byte, b'\n' | b'\r') {
                let line = readable(&self.rest);
                self.rest.clear();
                if !line.is_empty() {
                    lines.push(line);
                }
            } else if self.rest.len() < LINE_BYTES {
                self.rest.push(*byte);
            }
        }
    }

    /// Moves the end of the file to the second file, and empties the first.
    fn cut(&mut self) -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(FILE_BYTES)))?;
        let mut before = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.path.with_extension("log.1"))?;
        io::copy(&mut (&mut file).take(FILE_BYTES), &mut before)?;
        file.set_len(0)?;
        self.read_to = 0;
        Ok(())
    }
}

/// A line without colours and control characters.
fn readable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut readable = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // An escape sequence ends with a letter (ECMA-48, section 5.4).
            characters.find(char::is_ascii_alphabetic);
        } else if !character.is_control() || character == '\t' {
            readable.push(character);
        }
    }
    readable.truncate(readable.trim_end().len());
    readable
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn log() -> (tempfile::TempDir, LogFile, File) {
        let folder = tempfile::tempdir().unwrap();
        let mut log = LogFile::new(folder.path().join("engine.log"), LogTail::default());
        let file = log.open().unwrap();
        (folder, log, file)
    }

    #[test]
    fn lines_come_once_and_whole() {
        let (_folder, mut log, mut file) = log();
        write!(file, "one\ntw").unwrap();
        assert_eq!(log.look().unwrap(), ["one"]);
        assert!(log.look().unwrap().is_empty());
        write!(file, "o\n\x1b[31mred\x1b[0m\n  0% |\r 50% |\r\n\n").unwrap();
        assert_eq!(log.look().unwrap(), ["two", "red", "  0% |", " 50% |"]);
        assert_eq!(log.tail.last(2), ["  0% |", " 50% |"]);
    }

    #[test]
    fn lines_are_read_on_from_a_number_as_far_as_they_are_kept() {
        let tail = LogTail::default();
        for number in 0..KEPT_LINES + 5 {
            tail.push(number.to_string());
        }
        let read = |from, count| {
            let (lines, next) = tail.from(from, count);
            (lines.join(" "), next)
        };
        assert_eq!(read(0, 2), ("5 6".to_owned(), 7));
        assert_eq!(read(7, 2), ("7 8".to_owned(), 9));
        assert_eq!(read(2_004, 10), ("2004".to_owned(), 2_005));
        assert_eq!(read(9_999, 10), (String::new(), 2_005));
    }

    #[test]
    fn an_endless_line_and_odd_bytes_are_bounded() {
        let (_folder, mut log, mut file) = log();
        file.write_all(&vec![b'x'; 100_000]).unwrap();
        file.write_all(b"\n\xff\0\n").unwrap();
        let lines = log.look().unwrap();
        assert_eq!((lines[0].len(), lines[1].as_str()), (LINE_BYTES, "\u{fffd}"));
    }

    #[test]
    fn a_flood_is_cut_and_the_engine_writes_on() {
        let (folder, mut log, mut file) = log();
        let mebibyte = "flood flood fl\n".repeat(70_000);
        for _ in 0..40 {
            file.write_all(mebibyte.as_bytes()).unwrap();
        }
        let lines = log.look().unwrap();
        assert!(lines[0].contains("left out"), "{}", lines[0]);
        assert_eq!(log.tail.last(usize::MAX).len(), KEPT_LINES);
        let size = |name| fs::metadata(folder.path().join(name)).unwrap().len();
        assert_eq!((size("engine.log"), size("engine.log.1")), (0, FILE_BYTES));
        writeln!(file, "after").unwrap();
        assert_eq!(log.look().unwrap(), ["after"]);
        assert_eq!(size("engine.log"), 6);
    }

    #[test]
    fn one_that_is_taken_over_is_read_from_a_little_earlier() {
        let (folder, _, mut file) = log();
        writeln!(file, "Loading safetensors checkpoint shards:  50% Completed | 2/4").unwrap();
        let mut next = LogFile::new(folder.path().join("engine.log"), LogTail::default());
        next.go_back();
        assert_eq!(next.look().unwrap().len(), 1);
    }
}

//! What the engine's log says about a start, and about an end.

use worv_api::LoadProgress;

/// Lines that are looked through for a reason once the engine has ended.
pub(super) const REASON_LINES: usize = 100;

/// Characters of a reason that are shown.
const REASON_CHARACTERS: usize = 300;

/// What the log has said since the engine was started.
#[derive(Clone, Debug, Default)]
pub(super) struct StartLog {
    /// Whether it has begun to load the model.
    pub(super) is_loading: bool,
    /// How much it has loaded.
    pub(super) progress: Option<LoadProgress>,
}

impl StartLog {
    /// Takes a line in.
    pub(super) fn take(&mut self, line: &str) {
        if let Some(progress) = shards(line) {
            self.is_loading = true;
            // Each rank draws a bar of its own; the one that is furthest is not overtaken by those behind it.
            let further = self
                .progress
                .is_none_or(|before| before.total != progress.total || before.done < progress.done);
            if further {
                self.progress = Some(progress);
            }
        } else if line.contains("Starting to load model") || line.contains("Loading weights") {
            self.is_loading = true;
        }
    }
}

/// Why the engine has ended, as far as its last lines tell: in words of ours for what is well known, else the last line
/// that speaks of an error, else the last line.
pub(super) fn reason(lines: &[String]) -> Option<String> {
    const KNOWN: [(&str, &str); 7] = [
        ("CUDA out of memory", "The memory of a GPU did not suffice"),
        ("OutOfMemoryError", "The memory of a GPU did not suffice"),
        (
            "less than desired GPU memory utilization",
            "The memory of a GPU is in use already",
        ),
        (
            "No available memory for the cache blocks",
            "The memory of a GPU leaves none for the KV cache",
        ),
        ("ddress already in use", "Its port is in use already"),
        ("Unable to find image", "The container's image is missing"),
        ("No space left on device", "The disk is full"),
    ];
    let known = lines
        .iter()
        .rev()
        .find_map(|line| Some((line, KNOWN.iter().find(|(sign, _)| line.contains(sign))?.1)));
    if let Some((line, words)) = known {
        return Some(format!("{words}: {}", shortened(line)));
    }
    let speaks_of_an_error = |line: &&String| line.to_ascii_lowercase().contains("error");
    // An engine that is killed has last written of a request that went well.
    let is_routine = |line: &&String| line.split([' ', ':']).any(|word| word == "INFO");
    let mut latest = lines.iter().rev();
    let line = latest
        .clone()
        .find(speaks_of_an_error)
        .or_else(|| latest.find(|line| !is_routine(line)))?;
    Some(format!("Its log says: {}", shortened(line)))
}

/// `… checkpoint shards:  25% Completed | 2/8 [00:01<00:03, 1.96it/s]`, as vLLM draws it while it loads.
fn shards(line: &str) -> Option<LoadProgress> {
    let (_, rest) = line.split_once("checkpoint shards:")?;
    let (_, rest) = rest.split_once('|')?;
    let (done, rest) = rest.split_once('/')?;
    let total: String = rest.chars().take_while(char::is_ascii_digit).collect();
    // A bar that is drawn in between stands before the figures.
    let done = done.rsplit(['|', ' ']).next()?;
    let (done, total) = (done.parse().ok()?, total.parse().ok()?);
    (done <= total && total > 0).then_some(LoadProgress { done, total })
}

fn shortened(line: &str) -> String {
    let mut characters = line.trim().chars();
    let mut text: String = characters.by_ref().take(REASON_CHARACTERS).collect();
    if characters.next().is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_read_from_the_bar_that_vllm_draws() {
        let cases = [
            (
                "Loading safetensors checkpoint shards:   0% Completed | 0/4 [00:00<?, ?it/s]",
                Some((0, 4)),
            ),
            (
                "(EngineCore_DP0 pid=7) Loading safetensors checkpoint shards:  25% Completed | 41/163 [00:01<00:03,  1.96it/s]",
                Some((41, 163)),
            ),
            (
                "Loading pt checkpoint shards: 100% Completed | 2/2 [00:00<00:00, 3.1it/s]",
                Some((2, 2)),
            ),
            (
                "Loading safetensors checkpoint shards:  50%|#####     | 1/2 [00:00<00:00]",
                Some((1, 2)),
            ),
            ("Loading safetensors checkpoint shards: 100% Completed | 9/2", None),
            ("INFO: 127.0.0.1 - \"GET /health HTTP/1.1\" 200 OK", None),
        ];
        for (line, expected) in cases {
            let read = shards(line).map(|progress| (progress.done, progress.total));
            assert_eq!(read, expected, "{line}");
        }
    }

    #[test]
    fn progress_only_goes_forward() {
        let mut log = StartLog::default();
        assert!(!log.is_loading);
        log.take("INFO Starting to load model /models/m...");
        assert!(log.is_loading && log.progress.is_none());
        for done in [1, 3, 2] {
            log.take(&format!("checkpoint shards: 10% Completed | {done}/4 [x]"));
        }
        assert_eq!(log.progress, Some(LoadProgress { done: 3, total: 4 }));
    }

    #[test]
    fn reasons_are_found_among_the_last_lines() {
        let lines = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
        let memory = lines(&[
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
            "RuntimeError: Engine core initialization failed.",
        ]);
        assert!(
            reason(&memory)
                .unwrap()
                .starts_with("The memory of a GPU did not suffice: torch.")
        );
        let port = lines(&["OSError: [Errno 98] Address already in use"]);
        assert!(reason(&port).unwrap().starts_with("Its port is in use already: "));
        let other = lines(&["ValueError: no such model", "INFO bye"]);
        assert_eq!(reason(&other).unwrap(), "Its log says: ValueError: no such model");
        assert_eq!(reason(&lines(&["bye"])).unwrap(), "Its log says: bye");
        assert_eq!(reason(&[]), None);
        let routine = "(APIServer pid=7) INFO:     127.0.0.1:4 - \"POST /v1/completions HTTP/1.1\" 200 OK";
        assert_eq!(reason(&lines(&["bye", routine])).unwrap(), "Its log says: bye");
        assert_eq!(
            reason(&lines(&["INFO 11-26 07:06:37 [core.py:1] ready", routine])),
            None
        );
        assert_eq!(reason(&lines(&[&"é".repeat(1_000)])).unwrap().chars().count(), 315);
    }
}

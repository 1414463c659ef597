//! The time before a vLLM serves: it reads the model from disk, and says in its log how far it is.

use std::time::Duration;

use tokio::time::sleep;

/// How the simulated engine loads its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loading {
    /// Files that the model is in.
    pub shards: u32,
    /// How long loading takes in all.
    pub time: Duration,
}

impl Loading {
    /// Loads, and gives each line of the log to `log`: the bar as vLLM draws it while it loads (`default_loader.py` and
    /// tqdm), and what stands before and after it.
    pub async fn run(self, model: &str, mut log: impl FnMut(&str)) {
        log(&format!("INFO Starting to load model {model}..."));
        let each = self.time / (self.shards + 1);
        for done in 0..=self.shards {
            let percent = if self.shards == 0 {
                100
            } else {
                100 * u64::from(done) / u64::from(self.shards)
            };
            let (so_far, left) = (each * done, each * (self.shards - done));
            log(&format!(
                "Loading safetensors checkpoint shards: {percent:>3}% Completed | {done}/{} [{:.1}s<{:.1}s]",
                self.shards,
                so_far.as_secs_f64(),
                left.as_secs_f64(),
            ));
            sleep(each).await;
        }
        log(&format!(
            "INFO Loading weights took {:.2} seconds",
            self.time.as_secs_f64()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_shard_is_told_once_it_is_there() {
        let mut lines = Vec::new();
        let loading = Loading {
            shards: 4,
            time: Duration::from_secs(5),
        };
        let begun = tokio::time::Instant::now();
        loading.run("m", |line| lines.push(line.to_owned())).await;
        assert_eq!(begun.elapsed(), Duration::from_secs(5));
        assert_eq!(lines.len(), 7);
        assert!(lines[2].contains(" 25% Completed | 1/4 [1.0s<3.0s]"), "{}", lines[2]);
        assert!(lines[5].contains("100% Completed | 4/4 "), "{}", lines[5]);
    }
}

//! What the samples of the last minutes say, as numbers: pure functions, the same on both sides.

use std::ops::Range;

use worv_api::LiveSample;

/// The time that the figures and the charts look back, in milliseconds.
pub(crate) const WINDOW: i64 = 15 * 60 * 1000;

/// Samples that are summed up to one point of a chart, by their time, in milliseconds.
const BUCKET: i64 = 5000;

/// Seconds over which the present rate is taken. One second alone jumps too much to be read.
const PRESENT: i64 = 10;

/// The sums over the last [`WINDOW`] and the rates of the last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Summary {
    /// Admitted requests a second now.
    pub(crate) requests_per_second: f64,
    /// Generated tokens a second now.
    pub(crate) tokens_per_second: f64,
    /// Requests under way.
    pub(crate) in_flight: u32,
    /// The most requests that were under way at once.
    pub(crate) most_in_flight: u32,
    /// Admitted requests.
    pub(crate) requests: u64,
    /// Generated tokens.
    pub(crate) tokens: u64,
    /// Requests that ended because the engine failed.
    pub(crate) failures: u64,
    /// When the last of them ended, in Unix milliseconds.
    pub(crate) last_failure: Option<i64>,
}

/// Sums up samples that are in the order of their time.
pub(crate) fn summary<'a>(samples: impl DoubleEndedIterator<Item = &'a LiveSample> + Clone) -> Summary {
    let Some(last) = samples.clone().next_back() else {
        return Summary::default();
    };
    let window = samples.filter(|sample| sample.at > last.at - WINDOW);
    let present = window.clone().filter(|sample| sample.at > last.at - PRESENT * 1000);
    let seconds = f64::from(u32::try_from(present.clone().count()).unwrap_or(u32::MAX));
    #[expect(clippy::cast_precision_loss, reason = "the sum of ten seconds is far below 2^53")]
    let per_second = |value: fn(&LiveSample) -> u64| present.clone().map(value).sum::<u64>() as f64 / seconds;
    Summary {
        requests_per_second: per_second(|sample| sample.requests.into()),
        tokens_per_second: per_second(|sample| sample.completion_tokens),
        in_flight: last.in_flight,
        most_in_flight: window.clone().map(|sample| sample.in_flight).max().unwrap_or_default(),
        requests: window.clone().map(|sample| u64::from(sample.requests)).sum(),
        tokens: window.clone().map(|sample| sample.completion_tokens).sum(),
        failures: window.clone().map(|sample| u64::from(sample.failures)).sum(),
        last_failure: window.rev().find(|sample| sample.failures > 0).map(|sample| sample.at),
    }
}

/// The [`WINDOW`] up to the last [`BUCKET`] that is full with the newest sample. So a chart changes once a bucket: drawing it
/// is most of what an open page costs, and a point of it would hardly move in a second.
pub(crate) fn window(newest: Option<&LiveSample>) -> Range<i64> {
    let end = newest.map_or(0, |sample| sample.at.div_euclid(BUCKET) * BUCKET);
    end - WINDOW..end
}

/// The mean of a value in each [`BUCKET`], at the bucket's last sample, in pieces: a bucket without a sample ends a piece.
/// Buckets start at whole multiples of their length, so a point does not change once its bucket is full.
pub(crate) fn pieces<'a>(
    samples: impl Iterator<Item = &'a LiveSample>,
    time: &Range<i64>,
    value: fn(&LiveSample) -> f64,
) -> Vec<Vec<(i64, f64)>> {
    let mut pieces: Vec<Vec<(i64, f64)>> = Vec::new();
    let mut open: Option<Bucket> = None;
    for sample in samples.filter(|sample| time.contains(&(sample.at - 1))) {
        // A sample stands for the second that ends with it.
        let number = (sample.at - 1).div_euclid(BUCKET);
        match &mut open {
            Some(bucket) if bucket.number == number => bucket.add(sample.at, value(sample)),
            _ => {
                let next = Bucket::new(number, sample.at, value(sample));
                let follows = open.as_ref().is_some_and(|bucket| bucket.number + 1 == number);
                close(&mut pieces, open.replace(next));
                if !follows {
                    pieces.push(Vec::new());
                }
            }
        }
    }
    close(&mut pieces, open);
    pieces
}

/// The sums of one minute of the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Minute {
    /// Its start, in Unix milliseconds.
    pub(crate) start: i64,
    /// Admitted requests.
    pub(crate) requests: u64,
    /// Requests that ended because the engine failed.
    pub(crate) failures: u64,
    /// The most requests that were under way at the end of a second.
    pub(crate) most_in_flight: u32,
    /// Generated tokens.
    pub(crate) completion_tokens: u64,
    /// Prompt tokens of requests that ended.
    pub(crate) prompt_tokens: u64,
}

/// The minutes of samples that are in the order of their time, newest first.
pub(crate) fn minutes<'a>(samples: impl Iterator<Item = &'a LiveSample>) -> Vec<Minute> {
    let mut minutes: Vec<Minute> = Vec::new();
    for sample in samples {
        let start = (sample.at - 1).div_euclid(60_000) * 60_000;
        let mut minute = match minutes.pop() {
            Some(last) if last.start == start => last,
            last => {
                minutes.extend(last);
                Minute {
                    start,
                    ..Minute::default()
                }
            }
        };
        minute.requests += u64::from(sample.requests);
        minute.failures += u64::from(sample.failures);
        minute.most_in_flight = minute.most_in_flight.max(sample.in_flight);
        minute.completion_tokens += sample.completion_tokens;
        minute.prompt_tokens += sample.prompt_tokens;
        minutes.push(minute);
    }
    minutes.reverse();
    minutes
}

/// A bucket that is being filled.
struct Bucket {
    number: i64,
    last: i64,
    sum: f64,
    count: f64,
}

impl Bucket {
    fn new(number: i64, at: i64, value: f64) -> Self {
        Self {
            number,
            last: at,
            sum: value,
            count: 1.0,
        }
    }

    fn add(&mut self, at: i64, value: f64) {
        self.last = at;
        self.sum += value;
        self.count += 1.0;
    }
}

/// Adds what a bucket holds to the last piece.
fn close(pieces: &mut [Vec<(i64, f64)>], bucket: Option<Bucket>) {
    if let (Some(piece), Some(bucket)) = (pieces.last_mut(), bucket) {
        piece.push((bucket.last, bucket.sum / bucket.count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: i64, requests: u32) -> LiveSample {
        LiveSample {
            at: second * 1000,
            requests,
            completion_tokens: u64::from(requests) * 100,
            in_flight: requests,
            failures: u32::from(requests == 7),
            ..LiveSample::default()
        }
    }

    #[test]
    fn nothing_known_is_all_zero() {
        assert_eq!(summary([].iter()), Summary::default());
    }

    #[test]
    fn rates_are_of_the_last_ten_seconds_and_sums_of_the_window() {
        // One second that is too old, one failure, then ten seconds of 2 requests each.
        let mut samples = vec![sample(0, 7), sample(800, 7)];
        samples.extend((891..=900).map(|second| sample(second, 2)));
        let summary = summary(samples.iter());
        assert_eq!(
            summary,
            Summary {
                requests_per_second: 2.0,
                tokens_per_second: 200.0,
                in_flight: 2,
                most_in_flight: 7,
                requests: 27,
                tokens: 2700,
                failures: 1,
                last_failure: Some(800_000),
            }
        );
    }

    #[test]
    fn rates_of_a_young_server_are_over_the_seconds_there_are() {
        assert!((summary([sample(1, 4), sample(2, 2)].iter()).requests_per_second - 3.0).abs() < 1e-9);
    }

    #[test]
    fn buckets_are_means_and_gaps_are_kept() {
        // The last second is of a bucket that is not full yet.
        let seconds = [1, 2, 3, 4, 5, 6, 7, 23, 25, 26];
        let samples: Vec<_> = seconds.iter().map(|second| sample(*second, 2)).collect();
        let time = window(samples.last());
        assert_eq!(
            pieces(samples.iter(), &time, |sample| sample.requests.into()),
            vec![vec![(5000, 2.0), (7000, 2.0)], vec![(25_000, 2.0)]]
        );
    }

    #[test]
    fn minutes_are_summed_newest_first() {
        let samples = [sample(59, 1), sample(60, 2), sample(61, 7)];
        let minutes = minutes(samples.iter());
        let sums: Vec<_> = minutes
            .iter()
            .map(|m| (m.start, m.requests, m.failures, m.most_in_flight))
            .collect();
        assert_eq!(sums, [(60_000, 7, 1, 7), (0, 3, 0, 2)]);
        assert_eq!(minutes[1].completion_tokens, 300);
    }

    #[test]
    fn samples_before_the_window_are_left_out() {
        let samples = [sample(1, 1), sample(905, 3), sample(906, 9)];
        let time = window(samples.last());
        assert_eq!(time, 5000..905_000);
        assert_eq!(
            pieces(samples.iter(), &time, |sample| sample.requests.into()),
            vec![vec![(905_000, 3.0)]]
        );
    }
}

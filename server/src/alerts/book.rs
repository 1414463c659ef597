//! What is wrong since when, and who has been told of it.

use std::{collections::BTreeMap, time::Duration};

use worv_core::UnixMillis;

/// What an alert is about; there is one alert for each at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The alert's name, as in `deploy/prometheus-alerts.yaml`.
    pub name: &'static str,
    /// The GPU that it is about.
    pub gpu: Option<u32>,
}

/// Something that is wrong now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it is about.
    pub subject: Subject,
    /// Whether requests fail because of it.
    pub critical: bool,
    /// What is wrong, in a sentence.
    pub summary: String,
}

/// Something that somebody is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What it is about.
    pub subject: Subject,
    /// Whether requests fail because of it.
    pub critical: bool,
    /// What is wrong, in a sentence.
    pub summary: String,
    /// Since when.
    pub started_at: UnixMillis,
    /// When it was well again.
    pub ended_at: Option<UnixMillis>,
}

/// All that is wrong.
#[derive(Debug)]
pub struct Book {
    after: Duration,
    wrong: BTreeMap<Subject, Entry>,
}

#[derive(Debug)]
struct Entry {
    condition: Condition,
    since: UnixMillis,
    told: bool,
}

impl Book {
    /// Nothing is wrong. What comes to be is told when it has lasted for `after`.
    pub fn new(after: Duration) -> Self {
        Self {
            after,
            wrong: BTreeMap::new(),
        }
    }

    /// Takes down what is wrong now, and returns what is to be told: what has been wrong for long enough, and what was
    /// told of and is well again.
    pub fn compare(&mut self, conditions: Vec<Condition>, now: UnixMillis) -> Vec<Alert> {
        let mut news = Vec::new();
        let mut before = std::mem::take(&mut self.wrong);
        for condition in conditions {
            let mut entry = before.remove(&condition.subject).unwrap_or_else(|| Entry {
                since: now,
                told: false,
                condition: condition.clone(),
            });
            entry.condition = condition;
            if !entry.told && now.since(entry.since) >= self.after {
                entry.told = true;
                news.push(entry.alert(None));
            }
            self.wrong.insert(entry.condition.subject, entry);
        }
        let over = before.into_values().filter(|entry| entry.told);
        news.extend(over.map(|entry| entry.alert(Some(now))));
        news
    }
}

impl Alert {
    /// An alert about nothing.
    pub fn test(now: UnixMillis) -> Self {
        Self {
            subject: Subject {
                name: "Test",
                gpu: None,
            },
            critical: false,
            summary: "This is a test: alerts arrive.".to_owned(),
            started_at: now,
            ended_at: None,
        }
    }
}

impl Entry {
    fn alert(&self, ended_at: Option<UnixMillis>) -> Alert {
        Alert {
            subject: self.condition.subject,
            critical: self.condition.critical,
            summary: self.condition.summary.clone(),
            started_at: self.since,
            ended_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOWN: Subject = Subject {
        name: "EngineDown",
        gpu: None,
    };

    fn down(summary: &str) -> Vec<Condition> {
        vec![Condition {
            subject: DOWN,
            critical: true,
            summary: summary.to_owned(),
        }]
    }

    fn at(seconds: i64) -> UnixMillis {
        UnixMillis(1_000 * seconds)
    }

    #[test]
    fn one_that_lasts_is_told_once_and_its_end_once() {
        let mut book = Book::new(Duration::from_mins(1));
        assert_eq!(book.compare(down("a"), at(0)), []);
        assert_eq!(book.compare(down("b"), at(59)), []);
        let told = book.compare(down("c"), at(60));
        assert_eq!(told.len(), 1);
        assert_eq!(
            (told[0].summary.as_str(), told[0].started_at, told[0].ended_at),
            ("c", at(0), None)
        );
        assert_eq!(book.compare(down("d"), at(120)), []);
        let over = book.compare(Vec::new(), at(130));
        assert_eq!((over[0].started_at, over[0].ended_at), (at(0), Some(at(130))));
        assert_eq!(book.compare(Vec::new(), at(140)), []);
    }

    #[test]
    fn one_that_passes_is_nobodys_business() {
        let mut book = Book::new(Duration::from_mins(1));
        book.compare(down("a"), at(0));
        assert_eq!(book.compare(Vec::new(), at(59)), []);
        assert_eq!(book.compare(down("a"), at(60)), [], "it begins anew");
    }

    #[test]
    fn each_gpu_has_an_alert_of_its_own() {
        let mut book = Book::new(Duration::ZERO);
        let of = |gpu| Condition {
            subject: Subject {
                name: "GpuFault",
                gpu: Some(gpu),
            },
            critical: true,
            summary: String::new(),
        };
        assert_eq!(book.compare(vec![of(1), of(3)], at(0)).len(), 2);
        let news = book.compare(vec![of(3)], at(1));
        assert_eq!((news.len(), news[0].subject.gpu), (1, Some(1)));
    }
}

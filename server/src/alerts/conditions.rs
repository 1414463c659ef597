//! The rules: what counts as wrong.

use worv_api::EngineState;
use worv_core::UnixMillis;

use super::{
    book::{Condition, Subject},
    sources::{Facts, Https},
};
use crate::config::Alerts;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// What is wrong by the rules.
pub fn of(facts: &Facts, rules: &Alerts, now: UnixMillis) -> Vec<Condition> {
    let single = [
        engine(facts),
        database(facts),
        usage(facts),
        gpus_unreadable(facts),
        queue(facts, rules),
        certificate(facts, rules, now),
        disk(facts, rules),
    ];
    let faults = facts.gpu_faults.iter().map(|(gpu, fault)| Condition {
        subject: Subject {
            name: "GpuFault",
            gpu: Some(*gpu),
        },
        critical: true,
        summary: format!("GPU {gpu}: {fault}"),
    });
    single.into_iter().flatten().chain(faults).collect()
}

fn engine(facts: &Facts) -> Option<Condition> {
    // While models are switched the engine is away on purpose, and requests wait for it.
    let down = facts.engine == EngineState::Down && !facts.switching;
    down.then(|| {
        let detail = &facts.engine_detail;
        critical("EngineDown", join("The engine does not answer.", detail))
    })
}

fn database(facts: &Facts) -> Option<Condition> {
    let summary = "The database does not answer. Requests of known keys go on, and their usage is kept on disk.";
    (!facts.database).then(|| critical("DatabaseDown", summary.to_owned()))
}

fn usage(facts: &Facts) -> Option<Condition> {
    let lost = facts.usage_dropped;
    (lost > 0).then(|| {
        critical(
            "UsageIncomplete",
            format!("Usage of {lost} requests could be kept neither in the database nor on disk."),
        )
    })
}

fn gpus_unreadable(facts: &Facts) -> Option<Condition> {
    let reason = facts.gpus_unreadable.as_ref()?;
    Some(warning("GpusUnreadable", join("The GPUs cannot be read.", reason)))
}

fn queue(facts: &Facts, rules: &Alerts) -> Option<Condition> {
    let waiting = facts.waiting;
    (waiting >= rules.queue_length.max(1)).then(|| {
        warning(
            "QueueGrowing",
            format!("{waiting} requests wait for room at the engine."),
        )
    })
}

fn certificate(facts: &Facts, rules: &Alerts, now: UnixMillis) -> Option<Condition> {
    let subject = "CertificateExpiring";
    let left = match facts.certificate {
        Https::Off => return None,
        Https::WithoutCertificate => {
            let summary = "There is no certificate: the ACME server has not given one, and no client connects.";
            return Some(critical(subject, summary.to_owned()));
        }
        Https::Until(end) => end.0 - now.0,
    };
    if left >= i64::from(rules.certificate_days) * DAY {
        return None;
    }
    let summary = match left / DAY {
        _ if left <= 0 => "The certificate has expired: no client connects any more.".to_owned(),
        0 => "The certificate expires within a day.".to_owned(),
        1 => "The certificate expires in one day.".to_owned(),
        days => format!("The certificate expires in {days} days."),
    };
    Some(if left <= 0 {
        critical(subject, summary)
    } else {
        warning(subject, summary)
    })
}

fn disk(facts: &Facts, rules: &Alerts) -> Option<Condition> {
    let disk = facts.disk?;
    let percent = u128::from(disk.free) * 100 / u128::from(disk.total.max(1));
    (percent < rules.disk_free_percent.into()).then(|| {
        let free = disk.free / (1 << 20);
        warning(
            "DiskFilling",
            format!("{percent}% of the data folder's disk are free, {free} MiB."),
        )
    })
}

fn critical(name: &'static str, summary: String) -> Condition {
    Condition {
        subject: Subject { name, gpu: None },
        critical: true,
        summary,
    }
}

fn warning(name: &'static str, summary: String) -> Condition {
    Condition {
        critical: false,
        ..critical(name, summary)
    }
}

fn join(sentence: &str, detail: &str) -> String {
    if detail.is_empty() {
        sentence.to_owned()
    } else {
        format!("{sentence} {detail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::sources::Disk;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    fn well() -> Facts {
        Facts {
            engine: EngineState::Up,
            engine_detail: String::new(),
            switching: false,
            database: true,
            usage_dropped: 0,
            gpus_unreadable: None,
            gpu_faults: Vec::new(),
            waiting: 99,
            certificate: Https::Until(UnixMillis(NOW.0 + 14 * DAY)),
            disk: Some(Disk { free: 10, total: 100 }),
        }
    }

    /// The names and the sentences.
    fn told(change: impl FnOnce(&mut Facts)) -> Vec<(&'static str, String)> {
        let mut facts = well();
        change(&mut facts);
        let conditions = of(&facts, &Alerts::default(), NOW).into_iter();
        conditions
            .map(|condition| (condition.subject.name, condition.summary))
            .collect()
    }

    fn one(name: &'static str, summary: &str) -> Vec<(&'static str, String)> {
        vec![(name, summary.to_owned())]
    }

    #[test]
    fn nothing_is_wrong_at_the_edge_of_every_rule() {
        assert_eq!(told(|_| {}), []);
    }

    #[test]
    fn an_engine_that_is_being_switched_is_not_down() {
        let down = |facts: &mut Facts| {
            facts.engine = EngineState::Down;
            facts.engine_detail = "Connection refused.".to_owned();
        };
        let expected = one("EngineDown", "The engine does not answer. Connection refused.");
        assert_eq!(told(down), expected);
        assert_eq!(
            told(|facts| {
                down(facts);
                facts.switching = true;
            }),
            []
        );
    }

    #[test]
    fn each_rule_says_what_is_wrong() {
        assert_eq!(told(|facts| facts.database = false)[0].0, "DatabaseDown");
        assert_eq!(told(|facts| facts.usage_dropped = 3)[0].0, "UsageIncomplete");
        assert_eq!(
            told(|facts| facts.gpu_faults = vec![(3, "Xid 79: fallen off the bus.".to_owned())]),
            one("GpuFault", "GPU 3: Xid 79: fallen off the bus.")
        );
        assert_eq!(
            told(|facts| facts.gpus_unreadable = Some("The driver is gone.".to_owned())),
            one("GpusUnreadable", "The GPUs cannot be read. The driver is gone.")
        );
        assert_eq!(
            told(|facts| facts.waiting = 100),
            one("QueueGrowing", "100 requests wait for room at the engine.")
        );
        let disk = |facts: &mut Facts| {
            facts.disk = Some(Disk {
                free: 9 << 20,
                total: 100 << 20,
            });
        };
        assert_eq!(
            told(disk),
            one("DiskFilling", "9% of the data folder's disk are free, 9 MiB.")
        );
    }

    #[test]
    fn a_certificate_is_spoken_of_before_it_ends() {
        for (left, summary) in [
            (14 * DAY - 1, "The certificate expires in 13 days."),
            (DAY, "The certificate expires in one day."),
            (1, "The certificate expires within a day."),
            (0, "The certificate has expired: no client connects any more."),
        ] {
            let told = told(|facts| facts.certificate = Https::Until(UnixMillis(NOW.0 + left)));
            assert_eq!(told, one("CertificateExpiring", summary));
        }
        let none = told(|facts| facts.certificate = Https::WithoutCertificate);
        assert_eq!(none[0].0, "CertificateExpiring");
        assert_eq!(told(|facts| facts.certificate = Https::Off), []);
    }
}

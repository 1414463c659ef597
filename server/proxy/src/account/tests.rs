//! The limits of a key, one rule a test.

use super::*;
use std::thread;

/// Noon of a day in the middle of a month.
const NOW: UnixMillis = UnixMillis(1_800_014_400_000);

fn holder(settings: KeySettings) -> Arc<Holder> {
    let grant = KeyGrant {
        id: KeyId(1),
        name: "k".to_owned(),
        expires_at: None,
        revoked_at: None,
        suspended_at: None,
        settings,
    };
    Arc::new(Holder {
        grant,
        account: Arc::default(),
    })
}

fn reserve(holder: &Holder, tokens: u64, now: UnixMillis) -> Result<Reservation, Exhausted> {
    holder.account.reserve(&holder.grant.settings, tokens, now)
}

fn after(seconds: u64) -> UnixMillis {
    NOW.plus(Duration::from_secs(seconds))
}

#[test]
fn requests_are_limited_in_any_minute_and_only_admitted_ones_count() {
    let holder = holder(KeySettings {
        requests_per_minute: Some(3),
        ..KeySettings::default()
    });
    drop(Account::enter(&holder, NOW).unwrap());
    for seconds in [0, 10, 20] {
        Account::enter(&holder, after(seconds)).unwrap().admit();
    }
    let refused = Account::enter(&holder, after(21)).unwrap_err();
    let expected = Exhausted::new(Limit::RequestsPerMinute, 3, 0, Duration::from_secs(39));
    assert_eq!(refused, expected);
    Account::enter(&holder, after(60)).unwrap().admit();
    assert!(Account::enter(&holder, after(60)).is_err());
    assert_eq!(holder.account.demand(KeyId(1), after(60)).requests, 5);
}

#[test]
fn requests_under_way_are_limited_until_they_end() {
    let holder = holder(KeySettings {
        concurrency: Some(2),
        ..KeySettings::default()
    });
    let (first, _second) = (
        Account::enter(&holder, NOW).unwrap(),
        Account::enter(&holder, NOW).unwrap(),
    );
    assert_eq!(Account::enter(&holder, NOW).unwrap_err().limit, Limit::Concurrency);
    drop(first);
    assert!(Account::enter(&holder, NOW).is_ok());
}

#[test]
fn tokens_of_a_minute_are_reserved_and_then_settled() {
    let holder = holder(KeySettings {
        tokens_per_minute: Some(100),
        ..KeySettings::default()
    });
    let reservation = reserve(&holder, 80, NOW).unwrap();
    assert_eq!(reserve(&holder, 30, NOW).unwrap_err().limit, Limit::TokensPerMinute);
    reservation.settle(20, NOW);
    drop(reserve(&holder, 80, NOW).unwrap());
    reserve(&holder, 80, NOW).unwrap().settle(90, NOW);
    assert!(reserve(&holder, 1, NOW).is_err());
    // One that is greater than the limit gets a minute of its own.
    assert!(reserve(&holder, 1_000, after(59)).is_err());
    assert!(reserve(&holder, 1_000, after(60)).is_ok());
}

#[test]
fn two_hundred_at_once_never_get_more_than_the_budget() {
    for budgets in [(Some(500), None), (None, Some(500))] {
        let holder = holder(KeySettings {
            budget_day: budgets.0,
            budget_month: budgets.1,
            ..KeySettings::default()
        });
        let kept: Vec<_> = thread::scope(|scope| {
            let tries: Vec<_> = (0..200)
                .map(|_| scope.spawn(|| reserve(&holder, 10, NOW).ok()))
                .collect();
            tries.into_iter().filter_map(|tried| tried.join().unwrap()).collect()
        });
        assert_eq!(kept.len(), 50);
        for reservation in kept {
            reservation.settle(9, NOW);
        }
        let kept: Vec<_> = (0..200).filter_map(|_| reserve(&holder, 10, NOW).ok()).collect();
        assert_eq!(kept.len(), 5, "each used one less than it had reserved");
    }
}

#[test]
fn a_budget_begins_anew_with_its_period_and_the_wait_says_when() {
    let holder = holder(KeySettings {
        budget_day: Some(100),
        ..KeySettings::default()
    });
    let over_midnight = reserve(&holder, 60, NOW).unwrap();
    assert_eq!(reserve(&holder, 60, NOW).unwrap_err().retry_after, SOON);
    reserve(&holder, 40, NOW).unwrap().settle(41, NOW);
    assert_eq!(
        reserve(&holder, 100, NOW).unwrap_err().retry_after,
        Duration::from_hours(12)
    );
    let tomorrow = after(12 * 3_600);
    let _today = reserve(&holder, 100, tomorrow).unwrap();
    over_midnight.settle(60, tomorrow);
    assert!(reserve(&holder, 1, tomorrow).is_err());
}

#[test]
fn a_clock_that_was_wrong_and_is_set_right_leaves_no_limit_used_up() {
    let holder = holder(KeySettings {
        requests_per_minute: Some(1),
        tokens_per_minute: Some(100),
        budget_day: Some(100),
        budget_month: Some(100),
        ..KeySettings::default()
    });
    let next_year = after(365 * 86_400);
    let under_way = reserve(&holder, 60, next_year).unwrap();
    reserve(&holder, 40, next_year).unwrap().settle(40, next_year);
    Account::enter(&holder, next_year).unwrap().admit();
    // Set right. What was under way is settled in no period.
    assert!(Account::enter(&holder, NOW).is_ok());
    let today = reserve(&holder, 100, NOW).unwrap();
    under_way.settle(60, NOW);
    today.settle(99, NOW);
    let standing = holder.account.standing(&holder.grant.settings, NOW);
    let left = [standing.tokens, standing.day, standing.month].map(|left| left.unwrap().remaining);
    assert_eq!(left, [1, 1, 1]);
    // A step of seconds over midnight brings nothing back.
    let midnight = after(12 * 3_600);
    reserve(&holder, 100, midnight).unwrap_err();
    let new_day = reserve(&holder, 1, midnight).unwrap();
    new_day.settle(1, midnight);
    let standing = holder
        .account
        .standing(&holder.grant.settings, UnixMillis(midnight.0 - 5_000));
    assert_eq!(standing.day.unwrap().remaining, 99);
}

#[test]
fn what_was_spent_elsewhere_counts_in_its_own_period_only() {
    let holder = holder(KeySettings {
        budget_day: Some(100),
        budget_month: Some(1_000),
        ..KeySettings::default()
    });
    let left = |now| {
        let standing = holder.account.standing(&holder.grant.settings, now);
        (standing.day.unwrap().remaining, standing.month.unwrap().remaining)
    };
    reserve(&holder, 10, NOW).unwrap().settle(10, NOW);
    let spent = |as_of| SpentElsewhere {
        as_of,
        day: 20,
        month: 300,
    };
    holder.account.set_elsewhere(spent(NOW), NOW);
    assert_eq!(left(NOW), (70, 690));
    holder.account.set_elsewhere(spent(UnixMillis(NOW.0 - 86_400_000)), NOW);
    assert_eq!(left(NOW), (90, 690));
}

#[test]
fn a_share_scales_every_limit() {
    let holder = holder(KeySettings {
        requests_per_minute: Some(10),
        budget_day: Some(100),
        ..KeySettings::default()
    });
    reserve(&holder, 20, NOW).unwrap().settle(20, NOW);
    holder.account.set_share(KeyShare::part(0.5), NOW);
    let left = || {
        let standing = holder.account.standing(&holder.grant.settings, NOW);
        (standing.requests.unwrap().limit, standing.day.unwrap().remaining)
    };
    assert_eq!(left(), (5, 30));
    let elsewhere = SpentElsewhere {
        as_of: NOW,
        day: 70,
        month: 70,
    };
    holder.account.set_elsewhere(elsewhere, NOW);
    assert_eq!(left(), (5, 10), "no more than is known to be there");
}

#[test]
fn an_allowance_bounds_what_is_spent_in_its_period() {
    let holder = holder(KeySettings {
        budget_day: Some(100),
        ..KeySettings::default()
    });
    reserve(&holder, 20, NOW).unwrap().settle(20, NOW);
    let today = holder.account.demand(KeyId(1), NOW).day;
    assert_eq!((today.spent, today.allowance), (20, None));
    let allow = |tokens, start| {
        let share = KeyShare {
            day: Some(Allowance { start, tokens }),
            ..KeyShare::part(0.9)
        };
        holder.account.set_share(share, NOW);
    };
    allow(50, today.start);
    assert_eq!(holder.account.demand(KeyId(1), NOW).day.allowance, Some(50));
    // The rest may come back: another gateway has it.
    assert_eq!(reserve(&holder, 31, NOW).unwrap_err().retry_after, SOON);
    reserve(&holder, 30, NOW).unwrap().settle(30, NOW);
    assert!(reserve(&holder, 1, NOW).is_err());
    // What was for yesterday is not for today: its part of the limit is.
    allow(1_000, UnixMillis(today.start.0 - 86_400_000));
    assert_eq!(holder.account.demand(KeyId(1), NOW).day.allowance, None);
    assert!(reserve(&holder, 41, NOW).is_err());
    let tomorrow = after(86_400);
    reserve(&holder, 90, tomorrow).unwrap().settle(90, tomorrow);
    assert!(reserve(&holder, 1, tomorrow).is_err());
}

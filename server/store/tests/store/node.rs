//! What is kept of a node: switches, load times, the GPUs' minutes.

use std::time::Duration;

use worv_api::{Switch, SwitchOutcome, SwitchPhase, SwitchStep};
use worv_store::{Actor, AuditQuery, BegunSwitch, GpuMinute, Store};

use crate::support::{START, TestDatabase, on_each_database};

async fn begin(store: &Store, node: &str) -> BegunSwitch {
    let by = Actor::user("ada", "10.0.0.1");
    store.begin_switch(node, "Alpha", "Beta", &by).await.unwrap()
}

async fn begun(store: &Store, node: &str) -> Switch {
    match begin(store, node).await {
        BegunSwitch::Begun(switch) => switch,
        BegunSwitch::Held(switch) => panic!("{switch:?} is under way"),
    }
}

fn minute(minute: i64, gpu: u32) -> GpuMinute {
    GpuMinute {
        minute,
        gpu,
        uuid: format!("GPU-{gpu}"),
        readings: 60,
        memory_used: 5,
        utilization: Some(12.5),
        temperature: None,
        power: Some(400.25),
        joules: None,
    }
}

on_each_database! {
    async fn one_switch_at_a_time_is_under_way_on_a_node(database) {
        let store = database.open().await;
        let first = begun(&store, "one").await;
        assert_eq!((first.from.as_str(), first.to.as_str(), first.actor.as_str()), ("Alpha", "Beta", "ada"));
        assert_eq!((first.started_at, first.ended_at), (START.0, None));
        assert_eq!(begin(&store, "one").await, BegunSwitch::Held(first.clone()));
        begun(&store, "two").await;

        let entries = store.audit_log(&AuditQuery::latest(10)).await.unwrap();
        let actions: Vec<(&str, &str)> = entries.iter().map(|entry| (entry.action.as_str(), entry.actor.as_str())).collect();
        assert_eq!(actions, [("switch.start", "ada"), ("switch.start", "ada")], "what was refused is no change");
    }

    async fn a_switch_is_read_as_it_was_saved(database) {
        let store = database.open().await;
        let mut switch = begun(&store, "one").await;
        let step = |ended_at| SwitchStep {
            phase: SwitchPhase::Draining,
            profile: "Alpha".to_owned(),
            started_at: START.0,
            ended_at,
        };
        switch.steps = vec![step(Some(START.0 + 5)), step(None)];
        store.save_switch(&switch).await.unwrap();
        assert_eq!(store.switch_under_way("one").await.unwrap(), Some(switch.clone()));
        assert!(store.ended_switches("one", 50).await.unwrap().is_empty());

        switch.ended_at = Some(START.0 + 9);
        switch.outcome = Some(SwitchOutcome::RolledBack);
        "The engine's end".clone_into(&mut switch.detail);
        store.save_switch(&switch).await.unwrap();
        assert_eq!(store.switch_under_way("one").await.unwrap(), None);
        let second = begun(&store, "one").await;
        assert!(second.id > switch.id);
        assert_eq!(store.ended_switches("one", 50).await.unwrap(), [switch]);
    }

    async fn the_last_load_of_each_profile_is_remembered(database) {
        let store = database.open().await;
        for (profile, after, seconds) in [("Alpha", 5, 90), ("Beta", 6, 40), ("Alpha", 7, 80), ("Alpha", 6, 10)] {
            let started_at = START.plus(Duration::from_secs(after));
            store.note_engine_load("one", profile, started_at, Duration::from_secs(seconds)).await.unwrap();
        }
        let loads = store.engine_loads("one").await.unwrap();
        let loads: Vec<(&str, u64)> = loads.iter().map(|(profile, took)| (profile.as_str(), took.as_secs())).collect();
        assert_eq!(loads, [("Alpha", 80), ("Beta", 40)]);
        assert!(store.engine_loads("two").await.unwrap().is_empty());
    }

    async fn minutes_are_kept_in_order_until_they_are_old(database) {
        let store = database.open().await;
        store.save_gpu_minutes("one", &[minute(11, 1), minute(11, 0), minute(10, 0)]).await.unwrap();
        store.save_gpu_minutes("two", &[minute(10, 0)]).await.unwrap();
        let longer = GpuMinute { readings: 61, temperature: Some(70), joules: Some(0.5), ..minute(10, 0) };
        store.save_gpu_minutes("one", std::slice::from_ref(&longer)).await.unwrap();
        let read = store.gpu_minutes("one", 10, 12).await.unwrap();
        assert_eq!(read, [longer, minute(11, 0), minute(11, 1)]);
        assert_eq!(store.gpu_minutes("one", 10, 11).await.unwrap().len(), 1);
        let coarse = store.gpu_minutes_by_step("one", 10, 12, 2).await.unwrap();
        let coarse: Vec<(i64, u32, u32)> = coarse.iter().map(|step| (step.minute, step.gpu, step.readings)).collect();
        assert_eq!(coarse, [(10, 0, 121), (10, 1, 60)]);
        assert_eq!(store.delete_gpu_minutes_before(11).await.unwrap(), 2);
        assert_eq!(store.gpu_minutes("one", 0, 12).await.unwrap().len(), 2);
    }
}

//! What the engine counted, beside what is recorded.

use std::time::Duration;

use worv_core::{key::KeyId, usage::UsageSink};
use worv_store::{
    EngineRun, Store, TokenTotals,
    usage::{Durability, Writer},
};

use crate::{
    support::{START, TestDatabase, on_each_database},
    usage::record,
};

const MODEL: &str = "DeepSeek-V4-Pro";

/// Records `requests` of 100 prompt and 20 completion tokens.
async fn serve(store: &Store, requests: std::ops::Range<u64>) {
    let writer = Writer::start(store.clone(), Durability::Strict).unwrap();
    for second in requests {
        writer.record(record(KeyId(1), second)).await;
    }
    writer.close().await;
}

fn totals(prompt: u64, generated: u64) -> TokenTotals {
    TokenTotals { prompt, generated }
}

on_each_database! {
    async fn both_sides_are_compared_for_each_run_of_the_engine(database) {
        let store = database.open().await;
        serve(&store, 0..3).await;
        // The engine was there before the gateway, and counted other requests.
        store.reconcile(MODEL, totals(9_000, 5_000)).await.unwrap();
        serve(&store, 3..5).await;
        database.clock.advance(Duration::from_mins(1));
        store.reconcile(MODEL, totals(9_200, 5_047)).await.unwrap();
        // A reading that another gateway took a moment before.
        store.reconcile(MODEL, totals(9_190, 5_040)).await.unwrap();
        let first = EngineRun {
            model: MODEL.to_owned(),
            from: START,
            to: START.plus(Duration::from_mins(1)),
            counted: totals(200, 47),
            recorded: totals(200, 40),
        };
        assert_eq!(store.engine_runs(10).await.unwrap(), std::slice::from_ref(&first));

        // It was restarted.
        database.clock.advance(Duration::from_mins(1));
        store.reconcile(MODEL, totals(0, 0)).await.unwrap();
        serve(&store, 5..6).await;
        store.reconcile(MODEL, totals(100, 20)).await.unwrap();
        let runs = store.engine_runs(10).await.unwrap();
        assert_eq!((runs.len(), &runs[1]), (2, &first));
        assert_eq!((runs[0].counted, runs[0].recorded), (totals(100, 20), totals(100, 20)));
        assert_eq!(store.engine_runs(1).await.unwrap().len(), 1);
    }
}

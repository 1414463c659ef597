//! The charts of the last 15 minutes, and the same numbers as a table.

use leptos::prelude::*;

use super::minutes::Minutes;
use crate::components::{ChartLine, TimeChartFigure};

const REQUESTS: &[ChartLine] = &[
    ChartLine {
        name: "admitted",
        value: |sample| f64::from(sample.requests),
    },
    ChartLine {
        name: "failed",
        value: |sample| f64::from(sample.failures),
    },
];

const IN_FLIGHT: &[ChartLine] = &[ChartLine {
    name: "in flight",
    value: |sample| f64::from(sample.in_flight),
}];

const GENERATED: &[ChartLine] = &[ChartLine {
    name: "generated tokens",
    value: |sample| tokens(sample.completion_tokens),
}];

const PROMPT: &[ChartLine] = &[ChartLine {
    name: "prompt tokens",
    value: |sample| tokens(sample.prompt_tokens),
}];

/// Four charts that share one cursor.
#[component]
pub(crate) fn Charts() -> impl IntoView {
    let cursor = RwSignal::new(None);
    view! {
        <section class="charts" aria-labelledby="charts-heading">
            <h2 id="charts-heading">
                "Last 15 minutes " <span class="muted charts__zone">"times in UTC"</span>
            </h2>
            <div class="charts__grid">
                <TimeChartFigure title="Requests per second" lines=REQUESTS cursor/>
                <TimeChartFigure title="Requests in flight" lines=IN_FLIGHT cursor/>
                <TimeChartFigure title="Generated tokens per second" lines=GENERATED cursor/>
                <TimeChartFigure title="Prompt tokens per second" lines=PROMPT cursor/>
            </div>
            <Minutes/>
        </section>
    }
}

#[expect(clippy::cast_precision_loss, reason = "the tokens of one second are far below 2^53")]
fn tokens(count: u64) -> f64 {
    count as f64
}

//! The numbers of the charts, minute by minute.

use leptos::prelude::*;

use crate::{
    figures::{self, Minute},
    format,
    live::LiveFeed,
};

/// A table that is filled only while it is open.
#[component]
pub(crate) fn Minutes() -> impl IntoView {
    let samples = expect_context::<LiveFeed>().samples;
    let open = RwSignal::new(false);
    let minutes = move || {
        if open.get() {
            samples.with(|samples| figures::minutes(samples.iter()))
        } else {
            Vec::new()
        }
    };
    view! {
        <details class="panel minutes" on:toggle=move |_| open.update(|open| *open = !*open)>
            <summary>"The same as a table"</summary>
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Minute"</th>
                        <th scope="col" class="is-number">
                            "Requests"
                        </th>
                        <th scope="col" class="is-number">
                            "Failed"
                        </th>
                        <th scope="col" class="is-number">
                            "Most in flight"
                        </th>
                        <th scope="col" class="is-number">
                            "Generated tokens"
                        </th>
                        <th scope="col" class="is-number">
                            "Prompt tokens"
                        </th>
                    </tr>
                </thead>
                <tbody>
                    {move || minutes().into_iter().map(|minute| view! { <Row minute/> }).collect_view()}</tbody>
            </table>
        </details>
    }
}

#[component]
fn Row(minute: Minute) -> impl IntoView {
    let numbers = [
        minute.requests,
        minute.failures,
        minute.most_in_flight.into(),
        minute.completion_tokens,
        minute.prompt_tokens,
    ];
    view! {
        <tr>
            <th scope="row">{format::time(minute.start)[..5].to_owned()}</th>
            {numbers
                .map(|number| view! { <td class="is-number">{format::thousands(number)}</td> })
                .collect_view()}
        </tr>
    }
}

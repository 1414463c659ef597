//! The switch under way.

use leptos::prelude::*;
use worv_api::Switch;

use super::{
    super::{Visitor, parts},
    HOME,
    steps::{Line, State, lines},
    title,
};
use crate::{components::Tone, format};

/// Its steps with the time they take, and the way back as long as there is one.
pub(super) fn progress(switch: &Switch, visitor: &Visitor) -> AnyView {
    let steps = lines(switch, visitor.now);
    let under_way = steps.iter().find(|step| step.state == State::UnderWay);
    let under_way = under_way.map(|step| step.words.clone()).unwrap_or_default();
    let total = format::elapsed(visitor.now - switch.started_at);
    let items: Vec<_> = steps.into_iter().map(item).collect();
    let detail = (!switch.detail.is_empty()).then(|| {
        view! {
            <p class="progress__detail" data-tone=Tone::Warn.name()>
                {switch.detail.clone()}
            </p>
        }
    });
    view! {
        <section class="panel progress" data-id="progress" aria-labelledby="progress-heading">
            <header class="panel__header">
                <h2 id="progress-heading">{title(switch)}</h2>
                <p class="panel__facts">
                    <span>"asked for by " <b>{switch.actor.clone()}</b></span>
                    <b class="steps__elapsed">{total}</b>
                </p>
            </header>
            <p class="visually-hidden" role="status">
                {under_way}
            </p>
            <ol class="steps">{items}</ol>
            {detail}
            {(switch.can_cancel && visitor.admin).then(|| cancel(visitor))}
        </section>
    }
    .into_any()
}

fn item(line: Line) -> AnyView {
    let (tone, word) = match line.state {
        State::Done => (Tone::Ok, "Done: "),
        State::UnderWay => (Tone::Waiting, "Under way: "),
        State::Ahead => (Tone::Neutral, "Ahead: "),
        State::Failed => (Tone::Bad, "Failed: "),
    };
    view! {
        <li class="steps__step" data-state=line.state.name()>
            <span class="status" data-tone=tone.name()>
                <span class="visually-hidden">{word}</span>
            </span>
            <span>{line.words} " " <span class="muted">{line.detail}</span></span>
            <span class="steps__elapsed">{line.elapsed.map(format::elapsed)}</span>
        </li>
    }
    .into_any()
}

/// Calls the switch off.
fn cancel(visitor: &Visitor) -> AnyView {
    view! {
        <form class="progress__actions" method="post" action=HOME>
            {parts::token(visitor)}
            <input type="hidden" name="do" value="cancel"/>
            <button class="button" type="submit">
                "Call it off"
            </button>
            <span class="muted">"Possible until the engine is stopped: the model before goes on."</span>
        </form>
    }
    .into_any()
}

//! The models that the machine can be switched to.

use leptos::prelude::*;
use worv_api::Profile;

use super::{
    super::{Visitor, parts},
    HOME, ModelsView, seconds,
};
use crate::{components::Tone, query::Query};

/// Every profile, with what it needs.
pub(super) fn profiles(view: &ModelsView, visitor: &Visitor) -> AnyView {
    let error = &view.profiles.configuration_error;
    let outdated = (!error.is_empty()).then(|| {
        view! {
            <div class="notice" data-tone="warn">
                <p>
                    <strong>"The configuration on disk cannot be used; these are the profiles from before. "</strong>
                    {error.clone()}
                </p>
            </div>
        }
    });
    let unmanaged = (!view.is_managed()).then(|| {
        view! {
            <div class="notice" data-tone="neutral">
                <p>
                    "Others run the engine, so this gateway cannot switch the model. To let it, give the profiles a "
                    <code>"[profile.launch]"</code> " in its configuration."
                </p>
            </div>
        }
    });
    let list = if view.profiles.profiles.is_empty() {
        parts::empty(
            "No profiles are configured.",
            "A [[profile]] of the configuration describes each model that the machine can run.",
        )
    } else {
        let offers = visitor.admin && view.is_managed() && view.switches.current.is_none();
        let items: Vec<_> = view
            .profiles
            .profiles
            .iter()
            .map(|profile| item(profile, offers))
            .collect();
        view! { <ul class="profiles">{items}</ul> }.into_any()
    };
    view! {
        <section class="models__profiles" data-id="profiles" aria-labelledby="profiles-heading">
            <h2 id="profiles-heading">"Models of this machine"</h2>
            {outdated}
            {unmanaged}
            {list}
        </section>
    }
    .into_any()
}

fn item(profile: &Profile, offers: bool) -> AnyView {
    let name = profile.name.clone();
    let state = match (profile.live, profile.can_start) {
        (true, _) => Some(parts::status(Tone::Ok, "Live")),
        (false, false) => Some(parts::status(Tone::Neutral, "Cannot be started from here")),
        (false, true) if offers => {
            let address = Query::default().with("switch", &name).on(HOME);
            Some(
                view! {
                    <a class="button" href=address data-noscroll="">
                        <span class="icon" data-icon="swap" aria-hidden="true"></span>
                        "Switch"
                        <span class="visually-hidden">" to " {name.clone()}</span>
                    </a>
                }
                .into_any(),
            )
        }
        (false, true) => None,
    };
    let time = profile.load_seconds.map(|time| {
        let how = if profile.load_measured {
            "as measured the last time"
        } else {
            "as configured"
        };
        format!("Loads in {}, {how}", seconds(time))
    });
    view! {
        <li class="panel profile" data-id=name.clone()>
            <h3>{name.clone()}</h3>
            {state}
            {(!profile.description.is_empty()).then(|| view! { <p>{profile.description.clone()}</p> })}
            {time.map(|time| view! { <p class="muted">{time}</p> })}
        </li>
    }
    .into_any()
}

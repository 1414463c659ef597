//! One's own account, and the configuration that is in force.

use leptos::prelude::*;
use serde_json::Value;
use worv_api::{EffectiveSettings, RecoveryCodes, SecondFactorDraft, Setting, SettingSource, UserSession};

use super::{Visitor, parts, users};
use crate::{Theme, components::Tone};

/// The address of the page.
const HOME: &str = "/settings";

/// What the page shows.
pub struct SettingsView {
    /// The configuration.
    pub settings: EffectiveSettings,
    /// The sessions that the visitor may see.
    pub sessions: Vec<UserSession>,
    /// The theme that the browser's cookie asks for.
    pub theme: Theme,
    /// How many recovery codes are left, where signing in asks for a second factor.
    pub codes_left: Option<u64>,
    /// A second factor that has been begun.
    pub draft: Option<SecondFactorDraft>,
    /// Recovery codes, this once.
    pub codes: Option<RecoveryCodes>,
    /// What is asked about: `password`, `codes` or `second-factor-off`.
    pub asking: String,
}

/// The page.
pub fn settings(view: SettingsView, visitor: &Visitor) -> String {
    let own = users::own(&view.sessions, &visitor.name);
    let dialog = match &view.codes {
        Some(codes) => Some(recovery_codes(codes)),
        None => asking(&view, visitor),
    };
    view! {
        <div class="served">
            {parts::notice(visitor)} <h2>"Your account"</h2>
            <div class="served__columns is-three">
                {password(visitor)} {second_factor(&view, visitor)} {theme(&view, visitor)}
            </div> <h2>"Your sessions"</h2> {users::sessions(&own, HOME, visitor)}
            <h2>"Configuration"</h2> {configuration(&view.settings)} {dialog}
        </div>
    }
    .to_html()
}

fn password(visitor: &Visitor) -> AnyView {
    view! {
        <section class="panel">
            <div class="panel__header">
                <h3>"Password"</h3>
            </div>
            <div class="action">
                <p>"Changing the password of " <b>{visitor.name.clone()}</b> " ends all of your sessions."</p>
                <a class="button" href="/settings?ask=password">
                    "Change password"
                </a>
            </div>
        </section>
    }
    .into_any()
}

fn second_factor(view: &SettingsView, visitor: &Visitor) -> AnyView {
    let content = match (view.codes_left, &view.draft) {
        (Some(left), _) => view! {
            <div class="action">
                <p>
                    {parts::status(Tone::Ok, "On")}
                    " Signing in asks for a code of your authenticator. Recovery codes left: "
                    <b>{left.to_string()}</b>
                </p>
                <a class="button" href="/settings?ask=codes">
                    "New recovery codes"
                </a>
                <a class="button" href="/settings?ask=second-factor-off">
                    "Switch off"
                </a>
            </div>
        }
        .into_any(),
        (None, Some(draft)) => enrolment(draft, visitor),
        (None, None) => view! {
            <form class="action" method="post" action=HOME>
                {parts::token(visitor)} {parts::does("begin-second-factor", 0)}
                <p>
                    "Off. With a second factor, signing in asks for a code of an authenticator on your phone as well."
                </p>
                <button class="button" type="submit">
                    "Set up"
                </button>
            </form>
        }
        .into_any(),
    };
    view! {
        <section class="panel">
            <div class="panel__header">
                <h3>"Second factor"</h3>
            </div>
            {content}
        </section>
    }
    .into_any()
}

fn enrolment(draft: &SecondFactorDraft, visitor: &Visitor) -> AnyView {
    view! {
        <form class="form panel__form" method="post" action=HOME>
            {parts::token(visitor)} {parts::does("confirm-second-factor", 0)}
            <p>"Scan this with an authenticator, then type the code that it shows. Nothing changes before that."</p>
            <div class="qr" inner_html=draft.qr_svg.clone()></div>
            <details class="fold">
                <summary>"Or type the secret"</summary>
                <div class="fold__content">
                    {parts::copy("totp-secret", "Secret", draft.secret.clone())}
                    {parts::copy("totp-uri", "Address", draft.uri.clone())}
                </div>
            </details>
            <label class="field">
                <span class="field__label">"Code"</span>
                <input
                    class="field__input"
                    name="code"
                    required
                    inputmode="numeric"
                    maxlength="10"
                    autocomplete="one-time-code"
                />
            </label>
            <div class="button-row">
                <button class="button" data-kind="primary" type="submit">
                    "Switch on"
                </button>
            </div>
        </form>
    }
    .into_any()
}

fn theme(view: &SettingsView, visitor: &Visitor) -> AnyView {
    let names = [
        (Theme::System, "As the system"),
        (Theme::Light, "Light"),
        (Theme::Dark, "Dark"),
    ];
    let options = names.map(|(theme, name)| {
        view! {
            <option value=theme.name() selected=theme == view.theme>
                {name}
            </option>
        }
    });
    view! {
        <section class="panel">
            <div class="panel__header">
                <h3>"Appearance"</h3>
            </div>
            <form class="action" method="post" action=HOME>
                {parts::token(visitor)} {parts::does("theme", 0)}
                <label class="field">
                    <span class="field__label">"Colours"</span>
                    <select class="field__input" name="theme">
                        {options.collect_view()}
                    </select>
                </label>
                <button class="button" type="submit">
                    "Apply"
                </button>
            </form>
        </section>
    }
    .into_any()
}

fn asking(view: &SettingsView, visitor: &Visitor) -> Option<AnyView> {
    let own_password = |name: &'static str, label: &'static str| {
        view! {
            <label class="field">
                <span class="field__label">{label}</span>
                <input
                    class="field__input"
                    type="password"
                    name=name
                    required
                    maxlength="1000"
                    autocomplete="current-password"
                    autofocus
                />
            </label>
        }
    };
    let form = |fields: AnyView, kind, button| {
        view! {
            <form class="form" method="post" action=format!("/settings?ask={}", view.asking)>
                {parts::token(visitor)} {parts::does(&view.asking, 0)} {parts::notice(visitor)} {fields} {parts::buttons(HOME, kind, button)}
            </form>
        }
        .into_any()
    };
    let (title, content) = match view.asking.as_str() {
        "password" => {
            let fields = view! {
                <p>"You will be signed out everywhere, here too."</p>
                {own_password("current_password", "Current password")}
                <label class="field">
                    <span class="field__label">"New password"</span>
                    <input
                        class="field__input"
                        type="password"
                        name="new_password"
                        required
                        minlength="10"
                        maxlength="1000"
                        autocomplete="new-password"
                    />
                    <span class="field__hint">"At least 10 characters."</span>
                </label>
            };
            (
                "Change your password",
                form(fields.into_any(), "primary", "Change password"),
            )
        }
        "codes" if view.codes_left.is_some() => {
            let fields = view! {
                <p>"The recovery codes that you have end at once."</p>
                {own_password("password", "Your password")}
            };
            (
                "New recovery codes",
                form(fields.into_any(), "primary", "Get new codes"),
            )
        }
        "second-factor-off" if view.codes_left.is_some() => {
            let fields = view! {
                <p>"Signing in asks for your password only. Your recovery codes end too."</p>
                {own_password("password", "Your password")}
            };
            (
                "Switch the second factor off?",
                form(fields.into_any(), "danger", "Switch off"),
            )
        }
        _ => return None,
    };
    Some(parts::dialog(title.to_owned(), HOME, content))
}

fn recovery_codes(codes: &RecoveryCodes) -> AnyView {
    let content = view! {
        <div class="notice" data-tone="warn">
            <p>
                "Store these codes away from your phone. Each signs you in once if the authenticator is lost. They are shown this once."
            </p>
        </div>
        {parts::copy("recovery-codes", "Recovery codes", codes.recovery_codes.join("\n"))}
        <form class="form" method="get" action=HOME>
            <label class="checkbox">
                <input type="checkbox" required/>
                "I have stored them"
            </label>
            <div class="button-row">
                <button class="button" data-kind="primary" type="submit">
                    "Done"
                </button>
            </div>
        </form>
    };
    parts::kept_dialog("Your recovery codes".to_owned(), HOME, content.into_any())
}

fn configuration(settings: &EffectiveSettings) -> AnyView {
    let file = match &settings.file {
        Some(file) => view! {
            <p class="muted">
                "Read from " <code>{file.clone()}</code> " at the start; the environment wins over the file."
            </p>
        }
        .into_any(),
        None => view! {
            <p class="muted">"No configuration file was read: defaults, and what the environment says."</p>
        }
        .into_any(),
    };
    let rows = settings.settings.iter().map(|setting| {
        let (class, source) = source(setting);
        view! {
            <tr class=class>
                <th scope="row">
                    <code>{setting.key.clone()}</code>
                </th>
                <td class="is-wrapped">{value(setting)}</td>
                <td data-label="Source">{source}</td>
            </tr>
        }
    });
    view! {
        {file}
        <div class="panel table-panel">
            <table class="table" data-cards="">
                <caption class="visually-hidden">"The configuration that is in force"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Setting"</th>
                        <th scope="col">"Value"</th>
                        <th scope="col">"Source"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn value(setting: &Setting) -> AnyView {
    let text = match &setting.value {
        _ if setting.hidden => return view! { <span class="muted">"Set, and not shown"</span> }.into_any(),
        None => return view! { <span class="muted">"Not set"</span> }.into_any(),
        Some(Value::Array(entries)) if entries.is_empty() => {
            return view! { <span class="muted">"None"</span> }.into_any();
        }
        Some(Value::Array(entries)) => entries.iter().map(plain).collect::<Vec<_>>().join("\n"),
        Some(value) => plain(value),
    };
    view! { <code>{text}</code> }.into_any()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn source(setting: &Setting) -> (&'static str, AnyView) {
    match setting.source {
        SettingSource::Default => ("", view! { <span class="muted">"Default"</span> }.into_any()),
        SettingSource::File => ("is-set", "File".into_any()),
        SettingSource::Environment => {
            let variable = setting.variable.clone().unwrap_or_default();
            ("is-set", view! { <code>{variable}</code> }.into_any())
        }
    }
}

//! The end of the engine's log.

use leptos::prelude::*;

use super::super::parts;

/// The log, which follows what is written until somebody holds it still.
pub(super) fn log(lines: &[String]) -> AnyView {
    if lines.is_empty() {
        return view! {
            <section class="panel" data-id="log" aria-label="Engine log">
                <p class="panel__note">"The engine has written nothing yet."</p>
            </section>
        }
        .into_any();
    }
    view! {
        <section class="panel" data-id="log" aria-labelledby="log-heading">
            <header class="panel__header models__log">
                <h2 id="log-heading">"Engine log"</h2>
                <div class="panel__facts">
                    <label class="checkbox" title="It also stands still while text in it is selected">
                        <input type="checkbox" id="log-held"/>
                        "Hold still"
                    </label>
                    {parts::copy_button("log", "Engine log")}
                    <a class="button" href="/api/engine.log" rel="external" download="engine.log">
                        <span class="icon" data-icon="download" aria-hidden="true"></span>
                        "Download"
                    </a>
                </div>
            </header>
            <pre class="log" id="log" tabindex="0" role="region" aria-label="Engine log" data-follow="log-held">
                {lines.join("\n")}
            </pre>
        </section>
    }
    .into_any()
}

//! What the pages show that the server renders: an address becomes HTML, in the name of one signed-in user.

use std::collections::HashMap;

use app::served::{
    self, AuditView, GpusView, KeyFields, KeyView, KeysView, Meter, ModelsView, Notice, Period, PlaygroundView,
    SettingsView, UsersView, Visitor,
};
use worv_api::{ApiError, ApiKey, AuditFilter, CreatedKey, Gpus, NewKey, RecoveryCodes, Role};
use worv_core::{UnixMillis, calendar, key::KeyId};
use worv_store::usage::{Span, UsageQuery};

use super::{api::database_failed, service::Service};

/// Entries of a key's own history.
const HISTORY: u32 = 10;

/// What has just come of a form, beside what the address says.
#[derive(Default)]
pub struct Outcome {
    /// Why nothing was changed.
    pub error: Option<ApiError>,
    /// What was filled in of a key that could not be created.
    pub new_key: Option<NewKey>,
    /// What was filled in of a key that could not be changed.
    pub key_fields: Option<KeyFields>,
    /// The name of a user who could not be created.
    pub user_name: String,
    /// A key with its secret, this once.
    pub created: Option<CreatedKey>,
    /// Recovery codes, this once.
    pub codes: Option<RecoveryCodes>,
}

/// An address, taken apart.
struct Address<'a> {
    path: &'a str,
    query: HashMap<String, String>,
}

impl<'a> Address<'a> {
    fn parse(address: &'a str) -> Self {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        Self {
            path,
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        }
    }

    fn text(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The query again, with these of its parameters only.
    fn only(&self, names: &[&str]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in names {
            if !self.text(name).is_empty() {
                query.append_pair(name, self.text(name));
            }
        }
        query.finish()
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.text(name).parse().ok()
    }
}

impl Service {
    /// What is shown at `address` as HTML, without the frame.
    pub(super) async fn page(&self, address: &str, outcome: Outcome) -> Result<String, ApiError> {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        if let Some(report) = app::reports_part(path, query, self, self.console().clock.now().0).await {
            return Ok(report);
        }
        let html = self.served(&Address::parse(address), outcome).await?;
        // Marks by which a browser would bring it to life, which it does not.
        Ok(html.replace("<!>", ""))
    }

    async fn served(&self, address: &Address<'_>, outcome: Outcome) -> Result<String, ApiError> {
        let visitor = self.visitor(address, outcome.error.clone());
        match address.path {
            // The rest of the overview is rendered from the live figures.
            "/" | "/activity" => Ok(self.activity().await),
            "/playground" => Ok(self.playground_page(address, &visitor)),
            "/keys" => self.keys_page(address, outcome, &visitor).await,
            "/gpus" => self.gpus_page(address).await,
            "/models" => self.models_page(address, &visitor).await,
            "/audit" => self.audit_page(address, &visitor).await,
            "/users" => self.users_page(address, outcome, &visitor).await,
            "/settings" => self.settings_page(address, outcome, &visitor).await,
            path => match path.strip_prefix("/keys/").map(str::parse) {
                Some(Ok(id)) => self.key_page(KeyId(id), address, outcome, &visitor).await,
                _ => Err(ApiError::new(404, "not_found", "There is no such page.")),
            },
        }
    }

    async fn activity(&self) -> String {
        // The overview is there in any case, to say what is wrong.
        served::activity(self.console().activity().await.ok().as_ref())
    }

    fn playground_page(&self, address: &Address<'_>, visitor: &Visitor) -> String {
        let view = PlaygroundView {
            models: self.model_names(),
            live: self.live_model(),
            inference_url: self.browser().inference_url.clone(),
            parameters: address.query.clone().into_iter().collect(),
        };
        served::playground(&view, visitor)
    }

    async fn keys_page(&self, address: &Address<'_>, outcome: Outcome, visitor: &Visitor) -> Result<String, ApiError> {
        let asked = visitor.admin && address.query.contains_key("create");
        let view = KeysView {
            keys: self.console().keys().await?,
            search: address.text("q").to_owned(),
            status: KeysView::status_named(address.text("status")),
            creating: outcome.new_key.or_else(|| asked.then(NewKey::default)),
            revoking: address.number("revoke").filter(|_| visitor.admin),
            created: outcome.created,
            models: self.model_names(),
            live_model: self.live_model(),
            inference_url: self.browser().inference_url.clone(),
        };
        Ok(served::keys(view, visitor))
    }

    async fn key_page(
        &self,
        id: KeyId,
        address: &Address<'_>,
        outcome: Outcome,
        visitor: &Visitor,
    ) -> Result<String, ApiError> {
        let key = self.key(id).await?;
        let filter = AuditFilter {
            subject: format!("key {id}"),
            limit: Some(HISTORY),
            ..AuditFilter::default()
        };
        let view = KeyView {
            meters: self.meters(&key).await?,
            history: self.audit(&filter).await?.entries,
            filled_in: outcome.key_fields,
            asking: address.text("ask").to_owned(),
            rotated: outcome.created,
            models: self.model_names(),
            live_model: self.live_model(),
            inference_url: self.browser().inference_url.clone(),
            key,
        };
        Ok(served::key(view, visitor))
    }

    async fn gpus_page(&self, address: &Address<'_>) -> Result<String, ApiError> {
        let chosen = address.number("gpu").and_then(|index| u32::try_from(index).ok());
        // The cards show the last minutes only.
        let period = chosen.map_or_else(Period::default, |_| Period::named(address.text("period")));
        let Gpus { report, history } = self.console().gpus();
        let history = match period.hours() {
            None => history,
            Some(hours) => self.console().gpu_history(hours).await?,
        };
        let view = GpusView {
            report,
            chosen,
            period,
            history,
            now: self.console().clock.now().0,
        };
        Ok(served::gpus(&view))
    }

    async fn models_page(&self, address: &Address<'_>, visitor: &Visitor) -> Result<String, ApiError> {
        let live = self.console().live.overview();
        let view = ModelsView {
            profiles: self.console().profiles().await?,
            switches: self.console().switches().await?,
            engine: live.engine,
            in_flight: live.samples.last().map_or(0, |sample| sample.in_flight),
            choosing: address.text("switch").to_owned(),
        };
        Ok(served::models(&view, visitor))
    }

    async fn audit_page(&self, address: &Address<'_>, visitor: &Visitor) -> Result<String, ApiError> {
        let text = |name| address.text(name).to_owned();
        let days = (text("from"), text("to"));
        let filter = AuditFilter {
            actor: text("actor"),
            action: text("action"),
            subject: text("subject"),
            address: text("address"),
            from: moment_of(&days.0, 0),
            to: moment_of(&days.1, calendar::DAY),
            before: address.number("before"),
            limit: None,
        };
        let query = address.only(&["actor", "action", "subject", "address", "from", "to"]);
        let view = AuditView {
            page: self.audit(&filter).await?,
            filter,
            days,
            query,
        };
        Ok(served::audit(view, visitor))
    }

    async fn users_page(&self, address: &Address<'_>, outcome: Outcome, visitor: &Visitor) -> Result<String, ApiError> {
        let view = UsersView {
            users: self.users().await?,
            sessions: self.sessions().await?,
            asking: (
                address.text("ask").to_owned(),
                address.number("user").unwrap_or_default(),
            ),
            name: outcome.user_name,
        };
        Ok(served::users(view, visitor))
    }

    async fn settings_page(
        &self,
        address: &Address<'_>,
        outcome: Outcome,
        visitor: &Visitor,
    ) -> Result<String, ApiError> {
        let view = SettingsView {
            settings: self.settings(),
            sessions: self.sessions().await?,
            theme: self.browser().theme,
            codes_left: self.recovery_codes_left().await?,
            draft: self.begun_second_factor().await?,
            codes: outcome.codes,
            asking: address.text("ask").to_owned(),
        };
        Ok(served::settings(view, visitor))
    }

    /// What a key has used of its limits.
    async fn meters(&self, key: &ApiKey) -> Result<Vec<Meter>, ApiError> {
        let now = self.console().clock.now();
        let today = UnixMillis(now.0 - now.0.rem_euclid(calendar::DAY));
        let this_month = calendar::start_of_month(calendar::month(now));
        let day = self.tokens_since(key.id, today, Span::Day).await?;
        let month = self.tokens_since(key.id, this_month, Span::Month).await?;
        // What is counted is what this gateway sees; beside others, each has its share of the limits.
        let demand = self.console().gateway.demand();
        let demand = demand.iter().find(|demand| demand.key.0 == key.id);
        let settings = &key.settings;
        let meter = |name, used, limit| Meter { name, used, limit };
        Ok(vec![
            meter("Tokens today (UTC)", Some(day), settings.budget_day),
            meter("Tokens this month (UTC)", Some(month), settings.budget_month),
            meter(
                "Requests in the last minute",
                Some(demand.map_or(0, |demand| demand.admitted)),
                settings.requests_per_minute,
            ),
            meter(
                "Tokens in the last minute",
                Some(demand.map_or(0, |demand| demand.tokens)),
                settings.tokens_per_minute,
            ),
            meter(
                "Requests at the same time",
                Some(demand.map_or(0, |demand| demand.under_way)),
                settings.concurrency,
            ),
            meter("Tokens per answer", None, settings.max_output_tokens),
        ])
    }

    async fn tokens_since(&self, key: i64, from: UnixMillis, span: Span) -> Result<u64, ApiError> {
        let query = UsageQuery {
            from,
            to: UnixMillis(self.console().clock.now().0 + 1),
            span,
            series: false,
            by: None,
            keys: vec![KeyId(key)],
            model: None,
            endpoint: None,
        };
        let sums = self.console().store.usage(&query).await.map_err(database_failed)?;
        Ok(sums
            .iter()
            .map(|sum| sum.totals.prompt_tokens + sum.totals.completion_tokens)
            .sum())
    }

    fn visitor(&self, address: &Address<'_>, error: Option<ApiError>) -> Visitor {
        let failed = error.map(Notice::Failed);
        Visitor {
            name: self.own().user.clone(),
            admin: self.role() == Role::Admin,
            csrf_token: self.own().csrf_token().to_owned(),
            now: self.console().clock.now().0,
            notice: failed.or_else(|| Notice::done(address.text("done"))),
        }
    }

    /// The names of the models that can be live.
    fn model_names(&self) -> Vec<String> {
        let profiles = self.console().node.profiles();
        profiles.iter().map(|profile| profile.name.clone()).collect()
    }

    fn live_model(&self) -> String {
        self.console().live.overview().engine.model
    }
}

/// The moment at which a day written as `2026-11-22` begins, and a while later; none for what is no day.
fn moment_of(day: &str, later: i64) -> Option<i64> {
    calendar::parse(day).map(|start| start.0 + later)
}

//! The forms of the pages that the server renders whole: what is posted is done, and answered with the page.
//!
//! What went well leads to an address that says so, so that reloading does nothing twice. What did not is answered with
//! the page and why. A secret is in the answer itself, and at no address.

use std::sync::Arc;

use app::{Theme, served};
use axum::{
    Router,
    body::Bytes,
    extract::{FromRequest, Path, Request},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::post,
};
use http::{HeaderMap, HeaderValue, StatusCode, header, uri::PathAndQuery};
use worv_api::{
    ApiError, CreatedKey, KeyEdit, KeyRotation, NewKey, NewSwitch, NewUser, PasswordChange, PasswordCheck,
    RecoveryCodes, Role, SecondFactorCode, UserChange,
};
use worv_core::{calendar, key::KeyId};
use worv_store::{SessionId, UserId};

use super::{Console, pages, service::Service, session::Session, views::Outcome};

/// Every form. Each is posted to the address of its own page, so that what answers it is that page; the field `do` says
/// what to do.
pub fn router(console: &Arc<Console>) -> Router {
    Router::new()
        .route("/keys", post(keys))
        .route("/keys/{id}", post(key))
        .route("/models", post(models))
        .route("/users", post(users))
        .route("/settings", post(settings))
        .with_state(Arc::clone(console))
}

/// A form that was posted from an open page of this console, by someone who is signed in.
struct Posted {
    service: Service,
    console: Arc<Console>,
    session: Session,
    headers: HeaderMap,
    /// The page that it was posted to.
    address: String,
    fields: Vec<(String, String)>,
}

/// What comes of a form: where to go, or its page with what has come of it.
enum Answer {
    /// It was done, as the page at this address says.
    Go(String),
    /// The form's page, with what has come of it.
    Show(Box<Outcome>),
}

/// Why a form came to nothing, and what was filled in.
struct Refused(ApiError, Box<Outcome>);

type Done = Result<Answer, Refused>;

async fn keys(form: Posted) -> Response {
    let done = match form.text("do") {
        "create" => create_key(&form).await,
        "revoke" => {
            let revoked = form.service.revoke_key(KeyId(form.number("id"))).await;
            revoked.map(|_| go("/keys?done=revoked")).map_err(Refused::from)
        }
        _ => Err(no_such_form()),
    };
    form.answer(done).await
}

async fn create_key(form: &Posted) -> Done {
    let fields = served::key_fields(|name| form.all(name)).map_err(invalid)?;
    let new = NewKey {
        name: fields.name,
        owner: fields.owner,
        note: fields.note,
        expires_in_days: form.text("expires").parse().ok(),
        expires_at: None,
        settings: fields.settings,
    };
    match form.service.create_key(new.clone()).await {
        Ok(created) => Ok(show_key(created)),
        Err(error) => {
            let kept = Outcome {
                new_key: Some(new),
                ..Outcome::default()
            };
            Err(Refused(error, Box::new(kept)))
        }
    }
}

async fn key(Path(id): Path<i64>, form: Posted) -> Response {
    let key = KeyId(id);
    let service = &form.service;
    let go = |word: &str| Answer::Go(format!("/keys/{id}?done={word}"));
    let done = match form.text("do") {
        "edit" => edit_key(&form, key).await,
        "rotate" => {
            let overlap_hours = form.text("overlap_hours").parse().unwrap_or_default();
            let rotated = service.rotate_key(key, KeyRotation { overlap_hours }).await;
            rotated.map(show_key).map_err(Refused::from)
        }
        "suspend" => service
            .suspend_key(key)
            .await
            .map(|_| go("suspended"))
            .map_err(Refused::from),
        "resume" => service
            .resume_key(key)
            .await
            .map(|_| go("resumed"))
            .map_err(Refused::from),
        "revoke" => service
            .revoke_key(key)
            .await
            .map(|_| go("revoked"))
            .map_err(Refused::from),
        _ => Err(no_such_form()),
    };
    form.answer(done).await
}

async fn edit_key(form: &Posted, id: KeyId) -> Done {
    let fields = served::key_fields(|name| form.all(name)).map_err(invalid)?;
    let before = form.service.key(id).await?;
    let after_days = |days: i64| {
        let later = days.saturating_mul(calendar::DAY);
        form.console.clock.now().0.saturating_add(later)
    };
    let expires_at = match form.text("expires") {
        "keep" => before.expires_at,
        days => days.parse().ok().map(after_days),
    };
    let edit = KeyEdit {
        name: fields.name.clone(),
        owner: fields.owner.clone(),
        note: fields.note.clone(),
        expires_at,
        settings: fields.settings.clone(),
    };
    match form.service.replace_key(id, edit).await {
        Ok(_) => Ok(Answer::Go(format!("/keys/{id}?done=edited"))),
        Err(error) => {
            let kept = Outcome {
                key_fields: Some(fields),
                ..Outcome::default()
            };
            Err(Refused(error, Box::new(kept)))
        }
    }
}

async fn models(form: Posted) -> Response {
    let service = &form.service;
    let done = match form.text("do") {
        "switch" if form.text("confirm") != form.text("profile") => {
            Err(invalid("The name that was typed is not the model's.".to_owned()))
        }
        "switch" => {
            let profile = form.text("profile").to_owned();
            let started = service.start_switch(NewSwitch { profile }).await;
            started.map(|_| go("/models")).map_err(Refused::from)
        }
        "cancel" => {
            let cancelled = service.cancel_switch().await;
            cancelled
                .map(|_| go("/models?done=switch-cancelled"))
                .map_err(Refused::from)
        }
        _ => Err(no_such_form()),
    };
    form.answer(done).await
}

async fn users(form: Posted) -> Response {
    let user = UserId(form.number("id"));
    let service = &form.service;
    let done = match form.text("do") {
        "create" => create_user(&form).await,
        "role" => {
            let change = UserChange {
                role: Some(form.role()),
                password: None,
            };
            let changed = service.change_user(user, change).await;
            changed.map(|_| go("/users?done=role")).map_err(Refused::from)
        }
        "password" => {
            let change = UserChange {
                role: None,
                password: Some(form.text("password").to_owned()),
            };
            let changed = service.change_user(user, change).await;
            changed.map(|_| go("/users?done=password")).map_err(Refused::from)
        }
        "second-factor-off" => {
            let removed = service.remove_second_factor(user).await;
            removed
                .map(|_| go("/users?done=second-factor-off"))
                .map_err(Refused::from)
        }
        "delete" => {
            let deleted = service.delete_user(user).await;
            deleted.map(|_| go("/users?done=user-deleted")).map_err(Refused::from)
        }
        "end-session" => end_session(&form, "/users?done=session-ended").await,
        _ => Err(no_such_form()),
    };
    form.answer(done).await
}

async fn create_user(form: &Posted) -> Done {
    let new = NewUser {
        name: form.text("name").to_owned(),
        role: form.role(),
        password: form.text("password").to_owned(),
    };
    match form.service.create_user(new).await {
        Ok(_) => Ok(go("/users?done=user-created")),
        Err(error) => {
            let kept = Outcome {
                user_name: form.text("name").to_owned(),
                ..Outcome::default()
            };
            Err(Refused(error, Box::new(kept)))
        }
    }
}

async fn end_session(form: &Posted, then: &str) -> Done {
    form.service.revoke_session(SessionId(form.number("id"))).await?;
    Ok(go(then))
}

async fn settings(form: Posted) -> Response {
    let service = &form.service;
    let done = match form.text("do") {
        "password" => {
            let change = PasswordChange {
                current_password: form.text("current_password").to_owned(),
                new_password: form.text("new_password").to_owned(),
            };
            let changed = service.change_own_password(change).await;
            changed.map(|()| go("/login")).map_err(Refused::from)
        }
        "begin-second-factor" => {
            let begun = service.begin_second_factor().await;
            begun.map(|_| go("/settings")).map_err(Refused::from)
        }
        "confirm-second-factor" => {
            let code = form.text("code").to_owned();
            let confirmed = service.confirm_second_factor(SecondFactorCode { code }).await;
            confirmed.map(show_codes).map_err(Refused::from)
        }
        "codes" => {
            let codes = service.new_recovery_codes(form.password()).await;
            codes.map(show_codes).map_err(Refused::from)
        }
        "second-factor-off" => {
            let removed = service.remove_own_second_factor(form.password()).await;
            removed
                .map(|()| go("/settings?done=second-factor-off"))
                .map_err(Refused::from)
        }
        "end-session" => end_session(&form, "/settings?done=session-ended").await,
        "theme" => return choose_theme(&form),
        _ => Err(no_such_form()),
    };
    form.answer(done).await
}

/// The theme is the browser's and not the user's: it is kept in a cookie that scripts may write too.
fn choose_theme(form: &Posted) -> Response {
    let name = Theme::from_name(form.text("theme")).name();
    let cookie = format!("{}={name}; Path=/; Max-Age=31536000; SameSite=Lax", Theme::COOKIE);
    let cookie = HeaderValue::try_from(cookie).expect("names of themes are letters");
    (AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to("/settings")).into_response()
}

impl FromRequest<Arc<Console>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Arc<Console>) -> Result<Self, Response> {
        let Some(session) = request.extensions().get::<Session>().cloned() else {
            return Err(Redirect::to("/login").into_response());
        };
        let headers = request.headers().clone();
        let address = request
            .uri()
            .path_and_query()
            .map_or("/", PathAndQuery::as_str)
            .to_owned();
        let body = Bytes::from_request(request, console)
            .await
            .map_err(IntoResponse::into_response)?;
        let fields: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
        let token = fields.iter().find(|(name, _)| name == "csrf_token");
        if !token.is_some_and(|(_, token)| session.accepts(token)) {
            let text = "The form did not come from an open page of this console. Go back, reload and try again.";
            return Err((StatusCode::FORBIDDEN, text).into_response());
        }
        Ok(Self {
            service: pages::service(Arc::clone(console), session.clone(), &headers),
            console: Arc::clone(console),
            session,
            headers,
            address,
            fields,
        })
    }
}

impl Posted {
    /// The value of a field; empty if it was not sent.
    fn text(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Every value of a field.
    fn all(&self, name: &str) -> Vec<String> {
        let of_name = self.fields.iter().filter(|(field, _)| field == name);
        of_name.map(|(_, value)| value.clone()).collect()
    }

    /// The role that was chosen; anything but `admin` may change nothing.
    fn role(&self) -> Role {
        if self.text("role") == "admin" {
            Role::Admin
        } else {
            Role::Viewer
        }
    }

    fn password(&self) -> PasswordCheck {
        PasswordCheck {
            password: self.text("password").to_owned(),
        }
    }

    /// A number that names something; one that names nothing if it was not sent.
    fn number(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or_default()
    }

    async fn answer(self, done: Done) -> Response {
        let (status, outcome) = match done {
            Ok(Answer::Go(address)) => return Redirect::to(&address).into_response(),
            Ok(Answer::Show(outcome)) => (StatusCode::OK, outcome),
            Err(Refused(error, outcome)) => {
                let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let outcome = Outcome {
                    error: Some(error),
                    ..*outcome
                };
                (status, Box::new(outcome))
            }
        };
        let html = self.service.page(&self.address, *outcome).await;
        pages::show(&self.console, &self.session, &self.headers, &self.address, html, status).await
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self(error, Box::default())
    }
}

fn go(address: &str) -> Answer {
    Answer::Go(address.to_owned())
}

fn show_key(created: CreatedKey) -> Answer {
    Answer::Show(Box::new(Outcome {
        created: Some(created),
        ..Outcome::default()
    }))
}

fn show_codes(codes: RecoveryCodes) -> Answer {
    Answer::Show(Box::new(Outcome {
        codes: Some(codes),
        ..Outcome::default()
    }))
}

fn invalid(words: String) -> Refused {
    ApiError::new(422, "invalid_request", words).into()
}

fn no_such_form() -> Refused {
    ApiError::new(404, "not_found", "There is no such form.").into()
}

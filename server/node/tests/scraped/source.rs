//! An HTTP server with figures to scrape.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio::{net::TcpListener, sync::watch};

/// What `/metrics` answers; a test changes it while it is watched.
pub(crate) struct Source {
    address: SocketAddr,
    answer: Answer,
}

type Answer = Arc<Mutex<Result<String, StatusCode>>>;

impl Source {
    pub(crate) async fn serve(text: String) -> Self {
        let answer = Arc::new(Mutex::new(Ok(text)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let handler = async |State(answer): State<Answer>| answer.lock().unwrap().clone();
        let router = Router::new()
            .route("/metrics", get(handler))
            .with_state(Arc::clone(&answer));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, answer }
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn answer(&self, text: impl Into<String>) {
        *self.answer.lock().unwrap() = Ok(text.into());
    }

    pub(crate) fn refuse(&self, status: StatusCode) {
        *self.answer.lock().unwrap() = Err(status);
    }
}

/// Waits for a state.
pub(crate) async fn until<T>(states: &mut watch::Receiver<Arc<T>>, wanted: impl Fn(&T) -> bool) -> Arc<T> {
    Arc::clone(&states.wait_for(|state| wanted(state)).await.unwrap())
}

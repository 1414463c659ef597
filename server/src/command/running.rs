//! The running gateway, as another process with the same configuration finds it.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use reqwest::{Client, Method, Response};
use serde::{Serialize, de::DeserializeOwned};
use worv_api::ApiError;

use crate::{
    config::Config,
    failure::{Failure, Kind},
    serve::CONTROL_TOKEN,
};

/// How long the gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A gateway that listens at `server.metrics_listen`.
pub struct Running {
    client: Client,
    address: SocketAddr,
    /// Where the gateway has put what a command has to show.
    token_file: PathBuf,
}

impl Running {
    /// The gateway with this configuration.
    pub fn new(config: &Config) -> Result<Self, Failure> {
        let mut address = config.server.metrics_listen;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
                IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
            });
        }
        let client = Client::builder().no_proxy().timeout(PATIENCE).build();
        Ok(Self {
            client: client.map_err(|error| Failure::new(Kind::Software, format!("cannot ask the gateway: {error}")))?,
            address,
            token_file: config.server.data_dir.join(CONTROL_TOKEN),
        })
    }

    /// What it answers to anybody, whatever the status.
    pub async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let request = self.client.get(self.url(path));
        self.read(request.send().await.map_err(|_| self.failed("answers"))?)
            .await
    }

    /// What it answers to somebody who may read its data folder.
    pub async fn command<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let token = std::fs::read_to_string(&self.token_file).map_err(|error| {
            let file = self.token_file.display();
            let message = format!(
                "server.data_dir: cannot read {file}, which a running gateway writes: {error}. Start the gateway with \
                 this configuration, and give the command as the user that it runs as, or as root"
            );
            Failure::new(Kind::NoInput, message)
        })?;
        let request = self
            .client
            .request(method, self.url(path))
            .bearer_auth(token)
            .json(body);
        let answer = request.send().await.map_err(|_| self.failed("answers"))?;
        if answer.status().is_success() {
            return self.read(answer).await;
        }
        let refused: ApiError = self.read(answer).await?;
        Err(Failure::new(Kind::Unavailable, refused.message))
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn read<T: DeserializeOwned>(&self, answer: Response) -> Result<T, Failure> {
        let read = answer.json().await;
        read.map_err(|_| self.failed("that this program knows answers"))
    }

    fn failed(&self, why: &str) -> Failure {
        let message = format!(
            "no gateway {why} at server.metrics_listen ({}): is it running with this configuration?",
            self.address
        );
        Failure::new(Kind::Unavailable, message)
    }
}

//! What faces the network: the listeners, with or without TLS, and the sites behind them.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::Router;
use http::{HeaderValue, header::STRICT_TRANSPORT_SECURITY};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use tower_http::set_header::SetResponseHeaderLayer;
use worv_core::{Clock, Entropy};
use worv_proxy::{EngineRoutes, Gateway};

use super::{
    connection::{Connections, Entrance},
    handover::{Handover, descriptor},
    inherited::Inherited,
    listener::{self, Ends, inherit_or_bind},
    local,
    workers::Workers,
};
use crate::{
    config::Config,
    edge::{self, Hosts},
    failure::{Failure, Kind},
    tls::{Acme, Files, Tls},
};

/// The keys of the listeners' addresses, which are also their names where they are handed over.
const PLAIN: &str = "server.listen";
const HTTPS: &str = "tls.listen";
const METRICS: &str = "server.metrics_listen";

/// How long a request for health or metrics may take to finish.
const METRICS_DRAIN: Duration = Duration::from_secs(1);

/// The listeners, bound.
pub struct Front {
    plain: TcpListener,
    metrics: TcpListener,
    https: Option<Https>,
    entrance: Entrance,
    hosts: Option<Hosts>,
    address: SocketAddr,
    metrics_address: SocketAddr,
    workers: Workers,
}

/// Where the gateway answers.
pub struct Addresses {
    /// The sites.
    pub public: SocketAddr,
    /// Whether they answer over HTTPS.
    pub is_https: bool,
    /// Plain HTTP, where it only leads to HTTPS.
    pub redirects_at: Option<SocketAddr>,
    /// Health and metrics.
    pub metrics: SocketAddr,
    /// The names that the sites answer to, if they are told apart by name.
    pub hosts: Option<Hosts>,
}

struct Https {
    listener: TcpListener,
    tls: Arc<Tls>,
    port: u16,
    hsts: Option<HeaderValue>,
}

impl Front {
    /// Takes or binds the listeners, and reads the certificate.
    pub async fn bind(
        config: &Config,
        (clock, entropy): (&Clock, &Entropy),
        inherited: &mut Inherited,
    ) -> Result<Self, Failure> {
        let plain = inherit_or_bind(inherited, PLAIN, config.server.listen).await?;
        let metrics = inherit_or_bind(inherited, METRICS, config.server.metrics_listen).await?;
        let https = match (config.tls.listen, tls(config, clock, entropy)?) {
            (Some(listen), Some(tls)) => {
                let listener = inherit_or_bind(inherited, HTTPS, listen).await?;
                Some(Https {
                    port: local(&listener)?.port(),
                    listener,
                    tls: Arc::new(tls),
                    hsts: hsts(config.tls.hsts_seconds),
                })
            }
            _ => None,
        };
        let trusted = config.server.trusted_proxies.clone();
        Ok(Self {
            address: local(https.as_ref().map_or(&plain, |https| &https.listener))?,
            entrance: Entrance {
                tls: None,
                proxy_header_from: config.server.proxy_protocol.then_some(trusted),
            },
            hosts: config.hosts(),
            metrics_address: local(&metrics)?,
            workers: Workers::start().map_err(|error| {
                Failure::new(Kind::Software, format!("cannot start the threads that serve: {error}"))
            })?,
            plain,
            metrics,
            https,
        })
    }

    /// Where everything answers.
    pub fn addresses(&self) -> Addresses {
        Addresses {
            public: self.address,
            is_https: self.https.is_some(),
            redirects_at: self.https.as_ref().and_then(|_| self.plain.local_addr().ok()),
            metrics: self.metrics_address,
            hosts: self.hosts.clone(),
        }
    }

    /// HTTPS, where it is on.
    pub fn tls(&self) -> Option<Arc<Tls>> {
        self.https.as_ref().map(|https| Arc::clone(&https.tls))
    }

    /// What hands the listeners over to a new process; `folder` is for a socket that lives meanwhile.
    pub fn handover(&self, folder: &Path) -> Result<Handover, Failure> {
        let mut listeners = vec![(PLAIN, descriptor(&self.plain)?), (METRICS, descriptor(&self.metrics)?)];
        if let Some(https) = &self.https {
            listeners.push((HTTPS, descriptor(&https.listener)?));
        }
        Handover::new(listeners, folder)
    }

    /// Serves `sites`, of which the routes to the engine are `gateway`'s, and health and metrics on their address, until
    /// they are to end.
    pub async fn run(self, (sites, gateway): (Router, Arc<Gateway>), health: Router, tasks: &TaskTracker, ends: Ends) {
        let briefly = Ends {
            drain: METRICS_DRAIN,
            ..ends.clone()
        };
        let health = Connections::new(Entrance::default(), health);
        tasks.spawn(listener::run(self.metrics, health, briefly));
        let Some(https) = self.https else {
            let engine = EngineRoutes::new(gateway, Vec::new());
            let sites = Connections::new(self.entrance, sites).of_workers(engine, self.hosts);
            return listener::run_on(&self.workers, self.plain, sites, ends).await;
        };
        https.tls.warn_of_missing_names(self.hosts.as_ref());
        // Once a new process has taken over, the certificate is its business.
        tasks.spawn(Arc::clone(&https.tls).keep_up(ends.accepting.clone()));
        let secure = Entrance {
            tls: Some(https.tls.server()),
            ..self.entrance.clone()
        };
        let added = https.hsts.into_iter().map(|hsts| (STRICT_TRANSPORT_SECURITY, hsts));
        let added: Vec<_> = added.collect();
        let sites = added.iter().fold(sites, |sites, (name, value)| {
            sites.layer(SetResponseHeaderLayer::overriding(name.clone(), value.clone()))
        });
        let engine = EngineRoutes::new(gateway, added);
        let sites = Connections::new(secure, sites).of_workers(engine, self.hosts.clone());
        let to_https = edge::to_https(https.port, self.hosts, https.tls.challenges());
        let to_https = Connections::new(self.entrance, to_https);
        tokio::join!(
            listener::run_on(&self.workers, https.listener, sites, ends.clone()),
            listener::run(self.plain, to_https, ends),
        );
    }
}

/// The certificate, from wherever the configuration says; none without HTTPS.
fn tls(config: &Config, clock: &Clock, entropy: &Entropy) -> Result<Option<Tls>, Failure> {
    let hosts = config.hosts();
    let acme = Acme::of(&config.acme, hosts.as_ref(), &config.server.data_dir, (clock, entropy))?;
    let tls = match (acme, &config.tls.cert, &config.tls.key) {
        (Some(acme), ..) => Tls::from_acme(acme, clock.clone()),
        (None, Some(cert), Some(key)) => {
            let (cert, key) = (cert.clone(), key.clone());
            Tls::from_files(Files { cert, key }, clock.clone())
        }
        _ => return Ok(None),
    };
    tls.map(Some)
}

/// `Strict-Transport-Security` (RFC 6797).
fn hsts(seconds: u64) -> Option<HeaderValue> {
    (seconds > 0)
        .then(|| HeaderValue::try_from(format!("max-age={seconds}")).ok())
        .flatten()
}

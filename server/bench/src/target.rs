//! What is measured: the gateway, two plain reverse proxies, and the engine alone.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{net::TcpStream, time::Instant};

use crate::{Result, engine};

/// The name of the engine without a proxy.
pub(crate) const DIRECT: &str = "direct";

/// The name of the gateway.
pub(crate) const WORV: &str = "worv";

/// The proxy that the others are compared with.
pub(crate) const NGINX: &str = "nginx";

/// A limit of the gateway's key that is checked for each request and stands against none.
const UNREACHED: &str = "1000000000000";

/// One thing that requests are sent to. Stopped and cleaned up when dropped.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) engine: SocketAddr,
    /// What it takes for a key.
    pub(crate) key: String,
    process: Child,
    _folder: TempDir,
}

impl Target {
    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // nginx takes its workers with it only if it is told, not killed.
        let told = Command::new("kill").arg(self.process.id().to_string()).status();
        if told.is_err() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// Starts the mock engine, and everything in front of it. The engine comes first.
pub(crate) async fn start_all(worv: &Path, site: &Path) -> Result<Vec<Target>> {
    let engine = free_address()?;
    let own = std::env::current_exe()?;
    let mut direct = Command::new(own);
    direct.arg("--worv=-").arg("--site=-").arg(format!("--engine={engine}"));
    Ok(vec![
        start(DIRECT, engine, engine, direct, tempfile::tempdir()?).await?,
        nginx(engine).await?,
        haproxy(engine).await?,
        gateway(engine, worv, site).await?,
    ])
}

async fn nginx(engine: SocketAddr) -> Result<Target> {
    let (folder, address) = (tempfile::tempdir()?, free_address()?);
    let place = folder.path().display();
    let config = format!(
        "daemon off; worker_processes auto; pid {place}/pid; error_log stderr error;
events {{ worker_connections 32768; }}
http {{
  access_log off; client_max_body_size 64m; client_body_buffer_size 1m; client_body_temp_path {place}/body;
  proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/f; uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;
  keepalive_requests 1000000; keepalive_timeout 300s;
  upstream engine {{ server {engine}; keepalive 512; keepalive_requests 1000000; }}
  server {{ listen {address} backlog=8192;
    location / {{ proxy_pass http://engine; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering off; proxy_read_timeout 600s; }} }}
}}"
    );
    let file = folder.path().join("nginx.conf");
    fs::write(&file, config)?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder.path()).arg("-c").arg(&file);
    start(NGINX, address, engine, command, folder).await
}

async fn haproxy(engine: SocketAddr) -> Result<Target> {
    let (folder, address) = (tempfile::tempdir()?, free_address()?);
    let config = format!(
        "global
  maxconn 9000
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  http-reuse always
frontend in
  bind {address} backlog 8192
  default_backend engine
backend engine
  server engine {engine}
"
    );
    let file = folder.path().join("haproxy.cfg");
    fs::write(&file, config)?;
    let mut command = Command::new("haproxy");
    command.arg("-db").arg("-f").arg(&file);
    start("haproxy", address, engine, command, folder).await
}

/// The gateway with everything on: a key from its database, metering, limits, and strict usage records.
async fn gateway(engine: SocketAddr, worv: &Path, site: &Path) -> Result<Target> {
    let (folder, address) = (tempfile::tempdir()?, free_address()?);
    let config = folder.path().join("worv.toml");
    fs::write(
        &config,
        format!(
            "[server]\nlisten = \"{address}\"\nmetrics_listen = \"127.0.0.1:0\"\ndata_dir = \"{}\"\nsite_dir = \"{}\"\n\
             [engine]\nurl = \"http://{engine}\"\n[limits]\nmax_context_tokens = 1000000\n[log]\nfilter = \"warn\"\n",
            folder.path().join("data").display(),
            site.display(),
        ),
    )?;
    let made = Command::new(worv)
        .args(["keys", "create", "--name", "bench", "--json"])
        .args(["--rpm", UNREACHED, "--tpm", UNREACHED, "--concurrency", UNREACHED])
        .args(["--budget-day", UNREACHED, "--budget-month", UNREACHED, "--config"])
        .arg(&config)
        .stderr(Stdio::inherit())
        .output()?;
    let made: serde_json::Value = serde_json::from_slice(&made.stdout)?;
    let key = made["key"].as_str().ok_or("`worv keys create` gave no key")?.to_owned();
    let mut command = Command::new(worv);
    command.arg("serve").arg("--config").arg(&config);
    let mut target = start(WORV, address, engine, command, folder).await?;
    target.key = key;
    Ok(target)
}

/// Starts a process and waits until it takes connections.
async fn start(
    name: &'static str,
    address: SocketAddr,
    engine: SocketAddr,
    mut command: Command,
    folder: TempDir,
) -> Result<Target> {
    let process = command
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start {name}: {error}"))?;
    let target = Target {
        name,
        address,
        engine,
        key: "none".to_owned(),
        process,
        _folder: folder,
    };
    let started = Instant::now();
    while TcpStream::connect(address).await.is_err() {
        if started.elapsed() > Duration::from_secs(20) {
            return Err(format!("{name} does not take connections").into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    if name == DIRECT {
        engine::until_none_open(engine, Duration::from_secs(1)).await?;
    }
    Ok(target)
}

fn free_address() -> Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

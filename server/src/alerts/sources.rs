//! What the rules look at, as it is now.

use std::{path::PathBuf, sync::Arc};

use tokio::sync::watch;
use worv_api::{EngineState, EngineStatus, GpuReport, GpuSource, Switch};
use worv_core::UnixMillis;
use worv_proxy::Gateway;
use worv_store::{Store, usage::Writer};

use crate::tls::Tls;

/// Where the facts come from.
pub struct Sources {
    /// The data path.
    pub gateway: Arc<Gateway>,
    /// Whether the engine answers.
    pub engine: watch::Receiver<Arc<EngineStatus>>,
    /// The latest switch of models, where this process switches them.
    pub switch: Option<watch::Receiver<Option<Switch>>>,
    /// The GPUs.
    pub gpus: watch::Receiver<Arc<GpuReport>>,
    /// The database.
    pub store: Store,
    /// What writes usage.
    pub usage: Arc<Writer>,
    /// HTTPS, where it is on.
    pub tls: Option<Arc<Tls>>,
    /// The data folder, whose disk is looked at.
    pub data_dir: PathBuf,
}

/// What is so at one moment.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) engine: EngineState,
    pub(super) engine_detail: String,
    /// Whether a switch of models is under way.
    pub(super) switching: bool,
    pub(super) database: bool,
    /// Requests whose usage could be kept nowhere.
    pub(super) usage_dropped: u64,
    pub(super) gpus_unreadable: Option<String>,
    /// Each GPU that does not answer, and why.
    pub(super) gpu_faults: Vec<(u32, String)>,
    /// Requests that wait for room at the engine.
    pub(super) waiting: u64,
    pub(super) certificate: Https,
    pub(super) disk: Option<Disk>,
}

/// How HTTPS stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Https {
    Off,
    /// The first certificate has not come from the ACME server.
    WithoutCertificate,
    /// The certificate in force ends then.
    Until(UnixMillis),
}

/// Space on a disk, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Disk {
    /// For whoever is not root.
    pub(super) free: u64,
    pub(super) total: u64,
}

impl Sources {
    pub(super) async fn read(&mut self) -> Facts {
        let database = self.store.ping().await.is_ok();
        let engine = Arc::clone(&self.engine.borrow_and_update());
        let gpus = Arc::clone(&self.gpus.borrow_and_update());
        let switch = self.switch.as_ref().and_then(|switch| switch.borrow().clone());
        let gpu_faults = gpus
            .gpus
            .iter()
            .filter_map(|gpu| Some((gpu.index, gpu.fault.clone()?)))
            .collect();
        let gpus_unreadable = match &gpus.source {
            GpuSource::Failing { reason } => Some(reason.clone()),
            GpuSource::Starting
            | GpuSource::Nvml { .. }
            | GpuSource::DcgmExporter { .. }
            | GpuSource::Absent { .. } => None,
        };
        Facts {
            engine: engine.state,
            engine_detail: engine.detail.clone(),
            switching: switch.is_some_and(|switch| switch.ended_at.is_none()),
            database,
            usage_dropped: self.usage.status().dropped,
            gpus_unreadable,
            gpu_faults,
            waiting: self.gateway.counters().waiting,
            certificate: match self.tls.as_ref().map(|tls| tls.certificate()) {
                None => Https::Off,
                Some(None) => Https::WithoutCertificate,
                Some(Some(certificate)) => Https::Until(certificate.not_after),
            },
            disk: self.disk(),
        }
    }

    /// None where the folder is on nothing that tells its size.
    fn disk(&self) -> Option<Disk> {
        let disk = rustix::fs::statvfs(&self.data_dir).ok()?;
        (disk.f_blocks > 0).then(|| Disk {
            free: disk.f_bavail.saturating_mul(disk.f_frsize),
            total: disk.f_blocks.saturating_mul(disk.f_frsize),
        })
    }
}

//! `worv audit`: who did what to what, from where.

use clap::{Args, Subcommand};
use worv_api::AuditFilter;
use worv_core::calendar;
use worv_store::{AuditRow, Store};

use super::{output, store_failure};
use crate::{
    config::Config,
    console::{audit_entry, audit_query, csv_line},
    failure::Failure,
};

/// Entries that an export holds in memory at a time.
const PAGE: u32 = 500;

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// List entries, the latest first.
    List {
        #[command(flatten)]
        filter: Filter,
        /// At most this many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Print a JSON array instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Print every entry, the latest first, as CSV.
    Export {
        #[command(flatten)]
        filter: Filter,
        /// Print one JSON object a line instead of CSV.
        #[arg(long)]
        json: bool,
    },
}

/// Which entries. Filters match whole texts.
#[derive(Debug, Args)]
pub struct Filter {
    /// What this user did only.
    #[arg(long, default_value = "")]
    actor: String,
    /// This action only, such as key.revoke.
    #[arg(long, default_value = "")]
    action: String,
    /// What was done to this only, such as "key 7".
    #[arg(long, default_value = "")]
    subject: String,
    /// What was done from this address only.
    #[arg(long, default_value = "")]
    address: String,
}

/// Does it.
pub async fn run(command: Audit, config: &Config) -> Result<(), Failure> {
    let store = super::open_store(config).await?;
    match command {
        Audit::List { filter, limit, json } => list(&store, &filter.into(), limit, json).await?,
        Audit::Export { filter, json } => export(&store, filter.into(), json).await?,
    }
    store.close().await;
    Ok(())
}

async fn list(store: &Store, filter: &AuditFilter, limit: u32, json: bool) -> Result<(), Failure> {
    let rows = store
        .audit_log(&audit_query(filter, limit))
        .await
        .map_err(store_failure)?;
    if json {
        output::json(&rows.into_iter().map(audit_entry).collect::<Vec<_>>());
        return Ok(());
    }
    let head = ["TIME", "ACTOR", "ACTION", "SUBJECT", "FROM"]
        .map(str::to_owned)
        .to_vec();
    let row = |row: AuditRow| vec![calendar::iso(row.at), row.actor, row.action, row.subject, row.address];
    output::table(
        &std::iter::once(head)
            .chain(rows.into_iter().map(row))
            .collect::<Vec<_>>(),
    );
    Ok(())
}

async fn export(store: &Store, mut filter: AuditFilter, json: bool) -> Result<(), Failure> {
    if !json {
        output::line("id,time,actor,action,subject,address,before,after");
    }
    loop {
        let rows = store
            .audit_log(&audit_query(&filter, PAGE))
            .await
            .map_err(store_failure)?;
        let Some(last) = rows.last() else { return Ok(()) };
        filter.before = Some(last.id);
        for row in rows {
            if json {
                output::json(&audit_entry(row));
            } else {
                output::line(csv_line(&row).trim_end());
            }
        }
    }
}

impl From<Filter> for AuditFilter {
    fn from(filter: Filter) -> Self {
        Self {
            actor: filter.actor,
            action: filter.action,
            subject: filter.subject,
            address: filter.address,
            ..Self::default()
        }
    }
}

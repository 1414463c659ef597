//! Our account at the ACME server: registered once, kept with its key.

use std::{fs, io, path::Path};

use instant_acme::{Account, AccountCredentials, Error, NewAccount};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AcmeError, disk, server::Server};
use crate::command::write_privately;

/// Holds the account's key.
const FILE: &str = "account.json";

/// The problem of an account that the server does not have (RFC 8555, section 6.7).
const UNKNOWN: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

#[derive(Serialize, Deserialize)]
struct Kept {
    directory: String,
    contact: Option<String>,
    /// As instant-acme writes them.
    credentials: Value,
}

/// The account that is kept in `folder`, or a new one where none is that belongs to this server.
pub(super) async fn open(server: &Server, folder: &Path) -> Result<Account, AcmeError> {
    let file = folder.join(FILE);
    let kept = read(&file).map_err(|error| disk(&file, error))?;
    let Some(mut kept) = kept.filter(|kept| kept.directory == server.directory()) else {
        return register(server, &file).await;
    };
    let credentials: AccountCredentials =
        serde_json::from_value(kept.credentials.clone()).map_err(|error| disk(&file, error.into()))?;
    let account = server.accounts().from_credentials(credentials).await;
    let account = account.map_err(AcmeError::server("cannot ask acme.directory"))?;
    if kept.contact.as_deref() != server.contact() {
        let contacts: Vec<_> = server.contact().into_iter().collect();
        let told = account.update_contacts(&contacts).await;
        told.map_err(AcmeError::server("cannot change the account's contact"))?;
        kept.contact = server.contact().map(str::to_owned);
        write(&file, &kept)?;
    }
    Ok(account)
}

/// Drops an account that the server says it does not have, so that the next attempt registers a new one.
pub(super) fn forget_unknown(folder: &Path, error: &AcmeError) {
    let AcmeError::Server {
        error: Error::Api(problem),
        ..
    } = error
    else {
        return;
    };
    if problem.r#type.as_deref() == Some(UNKNOWN)
        && let Err(error) = fs::remove_file(folder.join(FILE))
    {
        tracing::warn!(%error, "cannot delete the account that the ACME server does not have");
    }
}

async fn register(server: &Server, file: &Path) -> Result<Account, AcmeError> {
    let contacts: Vec<_> = server.contact().into_iter().collect();
    let wanted = NewAccount {
        contact: &contacts,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let external = server.external_account();
    let accounts = server.accounts();
    let made = accounts.create(&wanted, server.directory().to_owned(), external.as_ref());
    let (account, credentials) = made.await.map_err(AcmeError::server("cannot register an account"))?;
    let credentials = serde_json::to_value(credentials).map_err(|error| disk(file, error.into()))?;
    let kept = Kept {
        directory: server.directory().to_owned(),
        contact: server.contact().map(str::to_owned),
        credentials,
    };
    write(file, &kept)?;
    Ok(account)
}

fn read(file: &Path) -> io::Result<Option<Kept>> {
    match fs::read(file) {
        Ok(json) => Ok(Some(serde_json::from_slice(&json)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn write(file: &Path, kept: &Kept) -> Result<(), AcmeError> {
    let json = serde_json::to_vec_pretty(kept).map_err(|error| disk(file, error.into()))?;
    write_privately(file, &json).map_err(|error| disk(file, error))
}

//! One order: prove that the names are ours, then take the certificate.

use std::time::Duration;

use instant_acme::{
    Account, AuthorizationState, AuthorizationStatus, ChallengeType, Identifier, NewOrder, Order, OrderStatus,
    RetryPolicy,
};

use tokio::time::{Instant, sleep};

use super::{AcmeError, renewal};
use crate::{
    edge::HostName,
    failure::root_cause,
    tls::{Certificate, Challenges, challenges::Published},
};

/// How long the server may take to look at the challenges, and then again to issue.
const PATIENCE: Duration = Duration::from_mins(2);

/// How soon it is asked how far it is, and how seldom in the end.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// The private key and the chain, in PEM form. `replaced` is what they are to replace.
pub(super) async fn fulfil(
    account: &Account,
    hosts: &[HostName],
    replaced: Option<&Certificate>,
    challenges: &Challenges,
) -> Result<Vec<u8>, AcmeError> {
    let names: Vec<_> = hosts
        .iter()
        .map(|host| Identifier::Dns(host.as_str().to_owned()))
        .collect();
    let mut order = place(account, &names, replaced).await?;
    // The answers stay up until the server has decided.
    let _published = answer(&mut order, challenges).await?;
    until_proven(&mut order).await?;
    let key = order.finalize().await;
    let key = key.map_err(AcmeError::server("cannot ask for the certificate"))?;
    let chain = order
        .poll_certificate(&RetryPolicy::new().backoff(1.5).timeout(PATIENCE))
        .await;
    let chain = chain.map_err(AcmeError::server("cannot fetch the certificate"))?;
    Ok(format!("{key}{chain}").into_bytes())
}

/// Orders in place of what is replaced, where the server takes that: such orders may be free of its limits.
async fn place(account: &Account, names: &[Identifier], replaced: Option<&Certificate>) -> Result<Order, AcmeError> {
    if let Some(id) = replaced.and_then(renewal::identifier)
        && let Ok(order) = account.new_order(&NewOrder::new(names).replaces(id)).await
    {
        return Ok(order);
    }
    let order = account.new_order(&NewOrder::new(names)).await;
    order.map_err(AcmeError::server("cannot order a certificate"))
}

/// Puts up the answers to what the server will ask for each name that is not proven yet, and says that they are there.
async fn answer(order: &mut Order, challenges: &Challenges) -> Result<Vec<Published>, AcmeError> {
    let mut published = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.map_err(AcmeError::server("cannot ask what is to be proven"))?;
        let name = authorization.identifier().to_string();
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let Some(mut challenge) = authorization.challenge(ChallengeType::Http01) else {
            let why = "the ACME server does not take proof over plain HTTP (http-01)".to_owned();
            return Err(AcmeError::Name { name, why });
        };
        published.push(challenges.publish(&challenge.token, challenge.key_authorization().as_str()));
        challenge.set_ready().await.map_err(|error| AcmeError::Name {
            name,
            why: root_cause(&error),
        })?;
    }
    Ok(published)
}

/// Waits until the server has seen that every name is ours.
async fn until_proven(order: &mut Order) -> Result<(), AcmeError> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    loop {
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        let state = order.refresh().await;
        let status = state
            .map_err(AcmeError::server("cannot ask how the order goes"))?
            .status;
        let goes_on = match status {
            OrderStatus::Ready | OrderStatus::Valid => return Ok(()),
            OrderStatus::Pending | OrderStatus::Processing => Instant::now() < deadline,
            OrderStatus::Invalid => false,
        };
        // Some servers leave an order open of which a name has failed.
        if let Some(error) = unproven(order, goes_on).await {
            return Err(error);
        }
        if !goes_on {
            let error = order.state().error.clone();
            let error = error.map_or(instant_acme::Error::Timeout(None), instant_acme::Error::Api);
            return Err(AcmeError::server("the order came to nothing")(error));
        }
    }
}

/// What the server holds against a name; where things go on, it may still be about to look at some.
async fn unproven(order: &mut Order, goes_on: bool) -> Option<AcmeError> {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let name = authorization.identifier().to_string();
        match authorization.refresh().await {
            Err(_) => {}
            Ok(state) => match state.status {
                AuthorizationStatus::Valid => {}
                AuthorizationStatus::Pending if goes_on => {}
                _ => {
                    let why = complaint(state);
                    return Some(AcmeError::Name { name, why });
                }
            },
        }
    }
    None
}

fn complaint(state: &AuthorizationState) -> String {
    let told = state.challenges.iter().find_map(|challenge| challenge.error.as_ref());
    let why = told.map_or_else(|| format!("{:?}", state.status).to_lowercase(), ToString::to_string);
    format!("the ACME server has not seen that it is ours ({why}): port 80 of it has to lead to server.listen")
}

//! `worv switch`, beside a running gateway.

use serde_json::Value;

use super::{
    gateway::{BROKEN, Gateway, simulated},
    ports::engine_port,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_begun_watched_and_told_of() {
    let (port, metrics) = (engine_port(), engine_port());
    let profiles = simulated("Alpha", port, 100) + &simulated("Beta", port, 100) + BROKEN;
    let listen = ("WORV_SERVER__METRICS_LISTEN", format!("127.0.0.1:{metrics}"));
    let mut gateway = Gateway::start(port, &profiles, &[listen]).await;

    let said = gateway.command("switch status");
    assert_eq!((said.0, said.1.as_str()), (0, "nothing was ever switched\n"));
    let (code, said, _) = gateway.command("switch Beta --watch");
    assert_eq!(code, 0, "{said}");
    for line in [
        "from Alpha to Beta, by command line at ",
        "  smoke test Beta: ",
        ": done.",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert_eq!(gateway.ask().await, (200, "Beta".to_owned()));

    let (code, _, complaint) = gateway.command("switch Beta");
    assert_eq!((code, complaint.as_str()), (69, "worv: Beta is live already.\n"));
    let (code, said, complaint) = gateway.command("switch Broken --watch");
    assert_eq!((code, complaint.as_str()), (69, "worv: Broken does not serve\n"));
    assert!(said.contains("no such shard"), "{said}");
    let (_, said, _) = gateway.command("switch status --json");
    let last: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(last["outcome"], "rolled_back", "{last}");
    let (code, _, complaint) = gateway.command("switch cancel");
    assert_eq!(
        (code, complaint.as_str()),
        (69, "worv: There is no switch under way.\n")
    );

    // Whoever cannot read the data folder cannot tell the gateway what to do.
    let url = format!("http://127.0.0.1:{metrics}/control/switch");
    for token in ["", "wrong"] {
        let refused = gateway.client.post(&url).bearer_auth(token).send().await.unwrap();
        assert_eq!(refused.status(), 401);
    }
    gateway.kill();
    let (code, _, complaint) = gateway.command("switch status");
    assert!(
        code == 69 && complaint.contains("no gateway answers at server.metrics_listen"),
        "{complaint}"
    );
}

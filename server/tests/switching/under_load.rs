//! Nobody who waits notices a switch.

use serde_json::json;

use super::{
    gateway::{BROKEN, Gateway, a_moment, simulated, steps},
    ports::engine_port,
    traffic::Traffic,
};

#[tokio::test(flavor = "multi_thread")]
async fn three_switches_and_a_failed_one_cost_no_request() {
    let port = engine_port();
    let profiles = ["Alpha", "Beta", "Gamma"]
        .map(|name| simulated(name, port, 400))
        .concat()
        + BROKEN;
    let gateway = Gateway::start(port, &profiles, &[]).await;
    let traffic = Traffic::start(&gateway, 50, 20);
    while traffic.streams() < 50 {
        a_moment().await;
    }
    for (from, to) in [("Alpha", "Beta"), ("Beta", "Gamma"), ("Gamma", "Alpha")] {
        let switch = gateway.switch_to(to).await;
        assert_eq!(switch["outcome"], "done", "{switch}");
        assert_eq!(
            steps(&switch),
            [
                ("draining", from),
                ("stopping", from),
                ("starting", to),
                ("loading", to),
                ("warming", to),
                ("smoke_test", to),
                ("live", to)
            ]
        );
        assert!(
            switch["steps"]
                .as_array()
                .unwrap()
                .iter()
                .all(|step| step["ended_at"].is_i64()),
            "{switch}"
        );
    }
    let failed = gateway.switch_to("Broken").await;
    assert_eq!(failed["outcome"], "rolled_back", "{failed}");
    let detail = failed["detail"].as_str().unwrap();
    assert!(
        detail.contains("ended by itself with code 3") && detail.contains("no such shard"),
        "{detail}"
    );
    let expected = [("starting", "Broken"), ("stopping", "Broken"), ("starting", "Alpha")];
    assert_eq!(steps(&failed)[2..5], expected);
    let before = traffic.streams();
    while traffic.streams() < before + 50 {
        a_moment().await;
    }
    let seen = traffic.finish().await;
    assert_eq!(
        seen.failures, [""; 0],
        "{} streams and {} answers",
        seen.streams, seen.answers
    );
    assert!(seen.streams >= 150 && seen.answers > 0, "{seen:?}");
    assert_eq!(gateway.ask().await, (200, "Alpha".to_owned()));

    let profiles = gateway.get("profiles").await;
    let (alpha, broken) = (&profiles["profiles"][0], &profiles["profiles"][3]);
    assert!(alpha["live"] == true && alpha["load_measured"] == true, "{alpha}");
    assert!(
        broken["can_start"] == true && broken["load_measured"] == false,
        "{broken}"
    );
    let audit = gateway.get("audit?action=switch.start").await;
    assert!(audit.to_string().contains("Broken"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_refused_called_off_and_held_by_name() {
    let port = engine_port();
    let profiles =
        simulated("Alpha", port, 100) + &simulated("Beta", port, 100) + "[[profile]]\nname = \"Elsewhere\"\n";
    let gateway = Gateway::start(port, &profiles, &[]).await;
    for (profile, status, code) in [
        ("Nowhere", 404, "unknown_profile"),
        ("Elsewhere", 409, "cannot_start"),
        ("Alpha", 409, "already_live"),
    ] {
        let (answered, error) = gateway.post("switch", &json!({"profile": profile})).await;
        assert_eq!((answered, error["code"].as_str().unwrap()), (status, code), "{error}");
    }
    assert_eq!(gateway.post("switch/cancel", &json!({})).await.0, 409);

    // Streams that are under way hold it in its first step.
    gateway.stall_engine(true).await;
    let traffic = Traffic::start(&gateway, 3, 1);
    gateway.until_busy().await;
    let (_, begun) = gateway.post("switch", &json!({"profile": "Beta"})).await;
    let (status, held) = gateway.post("switch", &json!({"profile": "Beta"})).await;
    assert_eq!((status, held["code"].as_str().unwrap()), (409, "switch_under_way"));
    assert!(
        held["message"].as_str().unwrap().starts_with("ada holds the switch"),
        "{held}"
    );
    let (status, cancelled) = gateway.post("switch/cancel", &json!({})).await;
    assert_eq!(
        (status, cancelled["outcome"].as_str()),
        (200, Some("cancelled")),
        "{cancelled}"
    );
    assert_eq!(gateway.until_ended(&begun["id"]).await["outcome"], "cancelled");
    gateway.stall_engine(false).await;
    let seen = traffic.finish().await;
    assert_eq!(seen.failures, [""; 0]);
    assert_eq!(gateway.ask().await, (200, "Alpha".to_owned()));
    let (answered, _) = gateway.post("switch/cancel", &json!({})).await;
    assert_eq!(answered, 409);
}

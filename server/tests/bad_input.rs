//! What is wrong at the start is said in one line that names the key and the cure, with a code of `sysexits.h`,
//! and nothing is left half-started.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

use std::{
    fs,
    io::Write,
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
};

/// Runs `worv` in `folder` with `settings` as its environment, and waits for its end.
fn worv(folder: &Path, arguments: &[&str], settings: &[(&str, &str)], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_worv"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(settings.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that ends before it reads its input is what some tests are about.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Asserts that it failed with `code` and one line that has each of `words`.
fn fails(output: &Output, code: i32, words: &[&str]) {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{complaint}");
    assert_eq!(complaint.trim_end().lines().count(), 1, "{complaint}");
    assert!(complaint.starts_with("worv: "), "{complaint}");
    for word in words {
        assert!(complaint.contains(word), "{word:?} is not in {complaint:?}");
    }
}

/// A folder with something that looks like a built console, and settings that are right.
fn folder() -> (tempfile::TempDir, Vec<(&'static str, &'static str)>) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("site/pkg")).unwrap();
    fs::write(folder.path().join("site/pkg/worv.wasm"), b"\0asm").unwrap();
    let settings = vec![
        ("WORV_SERVER__LISTEN", "127.0.0.1:0"),
        ("WORV_SERVER__METRICS_LISTEN", "127.0.0.1:0"),
        ("WORV_SERVER__SITE_DIR", "site"),
    ];
    (folder, settings)
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let (folder, settings) = folder();
    fs::write(folder.path().join("worv.toml"), "[server]\nlistne = \"127.0.0.1:0\"\n").unwrap();
    let output = worv(folder.path(), &["serve", "--config", "worv.toml"], &settings, "");
    fails(&output, 78, &["worv.toml, line 2", "listne", "`listen`"]);
}

#[test]
fn a_configuration_that_cannot_be_read_is_named() {
    let (folder, settings) = folder();
    let output = worv(folder.path(), &["serve", "--config", "nowhere.toml"], &settings, "");
    fails(&output, 66, &["nowhere.toml", "No such file"]);
}

#[test]
fn a_taken_port_is_named_with_its_key() {
    let (folder, mut settings) = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    settings.push(("WORV_SERVER__LISTEN", &address));
    let output = worv(folder.path(), &["serve", "--demo"], &settings, "");
    fails(&output, 69, &["server.listen", &address, "another program"]);
    assert!(!folder.path().join("data").exists(), "a failed start left files behind");
}

#[test]
fn an_engine_that_does_not_answer_is_named() {
    let (folder, mut settings) = folder();
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    settings.push(("WORV_ENGINE__URL", &url));
    let output = worv(folder.path(), &["serve"], &settings, "");
    fails(&output, 69, &["engine.url", &url, "engine.must_answer_at_start"]);
    assert!(!folder.path().join("data").exists(), "a failed start left files behind");
}

#[test]
fn an_engine_is_asked_for_where_none_is_named() {
    let (folder, settings) = folder();
    fails(
        &worv(folder.path(), &["serve"], &settings, ""),
        78,
        &["engine.url", "--demo"],
    );
}

#[test]
fn a_wrong_database_url_is_named() {
    let (folder, mut settings) = folder();
    settings.push(("WORV_DATABASE__URL", "oracle://nowhere"));
    fails(
        &worv(folder.path(), &["keys", "list"], &settings, ""),
        78,
        &["database.url", "sqlite://"],
    );
}

#[test]
fn a_database_that_cannot_be_created_is_named() {
    let (folder, mut settings) = folder();
    fs::write(folder.path().join("file"), "not a folder").unwrap();
    settings.push(("WORV_DATABASE__URL", "sqlite://file/worv.db"));
    fails(
        &worv(folder.path(), &["keys", "list"], &settings, ""),
        73,
        &["database.url", "file"],
    );
}

#[test]
fn a_console_that_is_not_built_is_named() {
    let (folder, mut settings) = folder();
    settings.push(("WORV_SERVER__SITE_DIR", "elsewhere"));
    fails(
        &worv(folder.path(), &["serve", "--demo"], &settings, ""),
        66,
        &["server.site_dir", "elsewhere", "make console"],
    );
}

#[test]
fn a_wrong_command_line_is_explained() {
    let (folder, settings) = folder();
    let output = worv(folder.path(), &["keys", "create"], &settings, "");
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--name"));
}

#[test]
fn a_short_password_is_refused() {
    let (folder, settings) = folder();
    let arguments = [
        "users",
        "create",
        "--name",
        "ada",
        "--role",
        "admin",
        "--password-stdin",
    ];
    fails(
        &worv(folder.path(), &arguments, &settings, "short\n"),
        64,
        &["password", "10 characters"],
    );
}

#[test]
fn a_name_that_is_taken_is_refused() {
    let (folder, settings) = folder();
    let arguments = [
        "users",
        "create",
        "--name",
        "ada",
        "--role",
        "viewer",
        "--password-stdin",
    ];
    let first = worv(folder.path(), &arguments, &settings, "long enough\n");
    assert_eq!(
        first.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&first.stderr)
    );
    fails(
        &worv(folder.path(), &arguments, &settings, "long enough\n"),
        64,
        &["ada"],
    );
}

#[test]
fn an_agent_and_a_gateway_are_told_apart() {
    let (folder, settings) = folder();
    let run = |command: &str| worv(folder.path(), &[command, "--config", "agent.toml"], &settings, "");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let profile =
        "[[profile]]\nname = \"Alpha\"\n[profile.launch]\nargv = [\"vllm\"]\n[engine]\nurl = \"http://127.0.0.1:9\"\n";
    write("agent.toml", profile);
    fails(&run("agent"), 78, &["agent.gateway is not set"]);

    let agent = format!("{profile}[agent]\ngateway = \"http://127.0.0.1:9\"\ntoken_file = \"token\"\n");
    write("agent.toml", &agent);
    fails(&run("serve"), 78, &["agent.gateway", "`worv agent`"]);
    fails(&run("agent"), 66, &["agent.token_file: cannot read token"]);
    write("token", "short");
    fails(&run("agent"), 78, &["agent.token_file", "at least 32 characters"]);

    write("token", &"k".repeat(32));
    fs::create_dir(folder.path().join("data")).unwrap();
    let held = fs::File::create(folder.path().join("data/agent.lock")).unwrap();
    held.lock().unwrap();
    fails(&run("agent"), 69, &["data/agent.lock", "another agent"]);

    write("agent.toml", &agent.replace("gateway = \"http://127.0.0.1:9\"\n", ""));
    fails(&run("serve"), 78, &["agent.token_file", "[profile.launch]"]);
}

//! A PostgreSQL server for the tests: one for all test processes, each with databases of its own.
//!
//! The first test to need it starts it, on a loopback port in a temporary directory. A watchdog process stops it and
//! removes the directory when no test has used it for a few seconds, also where the tests were killed.

use std::{
    fs::{self, File, Permissions},
    io::ErrorKind,
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use worv_core::Entropy;

/// Where Debian puts PostgreSQL's programs, by version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Stops the server when nobody holds `users`. Nobody can take hold of it meanwhile: that needs `starting` too.
const WATCHDOG: &str = r#"
{
    while sleep 15; do
        flock 9
        if flock --nonblock users true; then
            "$1/pg_ctl" stop --pgdata server --mode immediate --silent
            rm -rf server password port
            exit
        fi
        flock --unlock 9
    done
} 9>>starting &
"#;

/// An empty database. It goes with the server: dropping it here would wait for connections that this very thread is
/// still opening.
pub(crate) struct Database {
    pub(crate) url: String,
    _server: Server,
}

/// The running server, which keeps running while one of these exists.
struct Server {
    home: PathBuf,
    programs: PathBuf,
    /// The user that the server runs as; it refuses to run as root.
    user: Option<(u32, u32)>,
    _in_use: File,
}

impl Database {
    pub(crate) fn create() -> Self {
        let server = Server::start();
        let name = format!("test_{}", Entropy::System.alphanumeric(12).to_lowercase());
        server.run("createdb", &[&name]);
        let (password, port) = (server.read("password"), server.read("port"));
        Self {
            url: format!("postgres://worv:{password}@127.0.0.1:{port}/{name}"),
            _server: server,
        }
    }
}

impl Server {
    fn start() -> Self {
        let programs = installed();
        let user = (own_uid() == 0).then(|| ids_of("postgres"));
        let home = std::env::temp_dir().join(format!("worv-test-postgres-{}", own_uid()));
        create_directory(&home, user);

        let starting = lock_file(&home.join("starting"), user);
        starting.lock().unwrap();
        let in_use = lock_file(&home.join("users"), user);
        in_use.lock_shared().unwrap();
        let server = Self {
            home,
            programs,
            user,
            _in_use: in_use,
        };
        if !server.is_running() {
            server.start_new();
        }
        server
    }

    fn is_running(&self) -> bool {
        let status = self.command("pg_ctl").args(["status", "--pgdata", "server"]).output();
        status.unwrap().status.success()
    }

    fn start_new(&self) {
        let _ = fs::remove_dir_all(self.home.join("server"));
        self.write("password", &Entropy::System.alphanumeric(24));
        let initdb = ["--pgdata", "server", "--username", "worv", "--pwfile", "password"];
        self.run(
            "initdb",
            &[
                &initdb[..],
                &["--auth", "password", "--no-sync", "--no-locale", "-E", "UTF8"],
            ]
            .concat(),
        );

        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        self.write("port", &port.to_string());
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=500"
        );
        self.run(
            "pg_ctl",
            &[
                "start",
                "--wait",
                "--pgdata",
                "server",
                "--log",
                "log",
                "--options",
                &options,
            ],
        );

        let watchdog = ["-c", WATCHDOG, "watchdog", self.programs.to_str().unwrap()];
        let mut shell = self.command_at(Path::new("/bin/sh"));
        assert!(shell.args(watchdog).process_group(0).status().unwrap().success());
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = self.command(program);
        command.args(arguments).stderr(Stdio::piped());
        if let (Ok(password), Ok(port)) = (self.try_read("password"), self.try_read("port")) {
            command.envs([
                ("PGHOST", "127.0.0.1"),
                ("PGUSER", "worv"),
                ("PGPORT", &port),
                ("PGPASSWORD", &password),
            ]);
        }
        // The server itself inherits what `pg_ctl` is given, so its standard error goes to a file.
        let log = self.home.join(format!("{program}.log"));
        if program == "pg_ctl" {
            command.stderr(File::create(&log).unwrap());
        }
        let Output { status, stderr, .. } = command.spawn().unwrap().wait_with_output().unwrap();
        assert!(
            status.success(),
            "{program} failed: {}",
            String::from_utf8_lossy(&stderr)
        );
    }

    fn command(&self, program: &str) -> Command {
        self.command_at(&self.programs.join(program))
    }

    /// A command that runs as the server's user in its directory, and that nothing of this process's is handed to.
    fn command_at(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.home)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn read(&self, name: &str) -> String {
        self.try_read(name).unwrap()
    }

    fn try_read(&self, name: &str) -> std::io::Result<String> {
        fs::read_to_string(self.home.join(name))
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.home.join(name);
        fs::write(&path, text).unwrap();
        give(&path, self.user);
    }
}

/// The programs of the newest version that is installed.
pub(crate) fn installed() -> PathBuf {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse::<u32>().ok()?,
                entry.path().join("bin"),
            ))
        })
        .filter(|(_, programs)| programs.join("initdb").is_file())
        .max();
    let Some((_, programs)) = newest else {
        panic!("PostgreSQL is not installed, and the store is tested on it too: apt-get install postgresql");
    };
    programs
}

fn create_directory(path: &Path, user: Option<(u32, u32)>) {
    match fs::create_dir(path) {
        Ok(()) => {
            fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
            give(path, user);
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{}: {error}", path.display()),
    }
}

fn lock_file(path: &Path, user: Option<(u32, u32)>) -> File {
    let file = File::options().create(true).append(true).open(path).unwrap();
    give(path, user);
    file
}

fn give(path: &Path, user: Option<(u32, u32)>) {
    if let Some((uid, gid)) = user {
        chown(path, Some(uid), Some(gid)).unwrap();
    }
}

/// The user that this process runs as.
pub(crate) fn own_uid() -> u32 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").unwrap().uid()
}

/// The ids of a user of this machine.
pub(crate) fn ids_of(name: &str) -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let user = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields[0] == name);
    let Some([_, _, uid, gid, ..]) = user.as_deref() else {
        panic!("there is no user {name}, whom Debian's package of PostgreSQL adds: apt-get install postgresql");
    };
    (uid.parse().unwrap(), gid.parse().unwrap())
}

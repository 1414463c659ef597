//! The console's files: wasm, script, style, fonts and icons, sent precompressed.

use std::path::{Path, PathBuf};

use axum::Router;
use http::{HeaderValue, header};
use sha2::{Digest, Sha256};
use tower_http::{
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
};

use crate::failure::{Failure, Kind};

/// The built console on disk.
#[derive(Clone, Debug)]
pub struct Site {
    dir: PathBuf,
    build: String,
}

/// Folders and files of the site that are served as they are; everything else is a page.
const FOLDERS: [&str; 2] = ["pkg", "fonts"];
const FILES: [&str; 1] = ["favicon.svg"];

impl Site {
    /// Finds the built console.
    pub fn open(dir: &Path) -> Result<Self, Failure> {
        let wasm = dir.join("pkg/worv.wasm");
        let bytes = std::fs::read(&wasm).map_err(|error| {
            let cure = "run `make console`, or set server.site_dir to where it was built";
            Failure::new(
                Kind::NoInput,
                format!("cannot read the console's {}: {error}; {cure}", wasm.display()),
            )
        })?;
        let digest = Sha256::digest(&bytes);
        let build = format!(
            "{}-{:02x}{:02x}{:02x}{:02x}",
            env!("CARGO_PKG_VERSION"),
            digest[0],
            digest[1],
            digest[2],
            digest[3]
        );
        Ok(Self {
            dir: dir.to_owned(),
            build,
        })
    }

    /// Names this build: the version and the console's own digest.
    pub fn build(&self) -> &str {
        &self.build
    }

    /// Serves the files. Names do not change with content, so browsers ask each time and mostly hear "not modified".
    pub fn router(&self) -> Router {
        let mut router = Router::new();
        for folder in FOLDERS {
            let files = ServeDir::new(self.dir.join(folder))
                .precompressed_br()
                .precompressed_gzip();
            router = router.nest_service(&format!("/{folder}"), files);
        }
        for file in FILES {
            router = router.route_service(&format!("/{file}"), ServeFile::new(self.dir.join(file)));
        }
        router.layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache"),
        ))
    }
}

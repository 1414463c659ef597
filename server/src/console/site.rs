//! The console's files: wasm, script, style, fonts and icons, sent precompressed. They come from a folder, or from the
//! binary itself where it was built with them.

use std::path::{Path, PathBuf};

use axum::Router;
use http::{HeaderValue, header};
use sha2::{Digest, Sha256};
use tower_http::{
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
};

use crate::failure::{Failure, Kind};

#[cfg(feature = "embed-console")]
mod embedded;

/// The built console.
#[derive(Clone, Debug)]
pub struct Site {
    source: Source,
    build: String,
}

#[derive(Clone, Debug)]
enum Source {
    Folder(PathBuf),
    #[cfg(feature = "embed-console")]
    Embedded,
}

/// Folders and files of the site that are served as they are; everything else is a page.
const FOLDERS: [&str; 2] = ["pkg", "fonts"];
const FILES: [&str; 1] = ["favicon.svg"];

/// What pages that are not the console's need of it.
const STYLE: [&str; 2] = ["pkg/worv.css", "favicon.svg"];

/// What the console is known by.
const WASM: &str = "pkg/worv.wasm";

/// Where `make console` puts it.
#[cfg(not(feature = "embed-console"))]
const BUILT_HERE: &str = "target/site";

impl Site {
    /// Finds the built console in `folder`; without one, in the binary or where it is built.
    pub fn open(folder: Option<&Path>) -> Result<Self, Failure> {
        #[cfg(feature = "embed-console")]
        if folder.is_none() {
            return Ok(Self {
                source: Source::Embedded,
                build: build_of(&embedded::bytes(WASM)),
            });
        }
        #[cfg(not(feature = "embed-console"))]
        let folder = folder.or(Some(Path::new(BUILT_HERE)));
        let folder = folder.unwrap_or(Path::new("")).to_owned();
        let wasm = folder.join(WASM);
        let bytes = std::fs::read(&wasm).map_err(|error| {
            let cure = "run `make console`, or set server.site_dir to where it was built";
            Failure::new(
                Kind::NoInput,
                format!("cannot read the console's {}: {error}; {cure}", wasm.display()),
            )
        })?;
        Ok(Self {
            source: Source::Folder(folder),
            build: build_of(&bytes),
        })
    }

    /// Names this build: the version and the console's own digest.
    pub fn build(&self) -> &str {
        &self.build
    }

    /// Serves the files. Names do not change with content, so browsers ask each time and mostly hear "not modified".
    pub fn router(&self) -> Router {
        self.serve(&FOLDERS, &FILES)
    }

    /// The style sheet, the fonts and the icon alone, for pages that are not the console's.
    pub fn style(&self) -> Router {
        self.serve(&["fonts"], &STYLE)
    }

    fn serve(&self, folders: &[&str], files: &[&str]) -> Router {
        let mut router = Router::new();
        match &self.source {
            Source::Folder(folder) => {
                for name in folders {
                    let served = ServeDir::new(folder.join(name)).precompressed_br().precompressed_gzip();
                    router = router.nest_service(&format!("/{name}"), served);
                }
                for name in files {
                    let served = ServeFile::new(folder.join(name))
                        .precompressed_br()
                        .precompressed_gzip();
                    router = router.route_service(&format!("/{name}"), served);
                }
            }
            #[cfg(feature = "embed-console")]
            Source::Embedded => {
                for name in folders {
                    router = router.route(&format!("/{name}/{{*path}}"), axum::routing::get(embedded::serve));
                }
                for name in files {
                    router = router.route(&format!("/{name}"), axum::routing::get(embedded::serve));
                }
            }
        }
        router.layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache"),
        ))
    }
}

fn build_of(wasm: &[u8]) -> String {
    let digest = Sha256::digest(wasm);
    format!(
        "{}-{:02x}{:02x}{:02x}{:02x}",
        env!("CARGO_PKG_VERSION"),
        digest[0],
        digest[1],
        digest[2],
        digest[3]
    )
}

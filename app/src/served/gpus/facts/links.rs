//! The links of one GPU.

use worv_api::{Gpu, Traffic};

use super::Fact;
use crate::components::Tone;

/// The links to the host and to the other GPUs.
pub(in crate::served::gpus) fn links(gpu: &Gpu) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(pcie) = gpu.pcie {
        let text = format!("generation {}, {} lanes", pcie.generation, pcie.width);
        let best = pcie.generation >= pcie.generation_max && pcie.width >= pcie.width_max;
        let text = if best {
            text
        } else {
            format!(
                "{text} (can do generation {}, {} lanes)",
                pcie.generation_max, pcie.width_max
            )
        };
        facts.push(Fact::new("PCIe", text));
        facts.extend(pcie.traffic.map(|passes| Fact::new("PCIe traffic", traffic(passes))));
        facts.extend(
            pcie.replays
                .map(|replays| Fact::new("PCIe packets sent again", replays.to_string())),
        );
    }
    if let Some(links) = gpu.nvlink {
        let tone = (links.active < links.total).then_some(Tone::Warn);
        facts.push(Fact::new("NVLink", format!("{} of {} links up", links.active, links.total)).toned(tone));
        facts.extend(links.traffic.map(|passes| Fact::new("NVLink traffic", traffic(passes))));
    }
    facts
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn traffic(traffic: Traffic) -> String {
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    format!(
        "{:.1} GB/s in, {:.1} GB/s out",
        gigabytes(traffic.received),
        gigabytes(traffic.sent)
    )
}

#[cfg(test)]
mod tests {
    use worv_api::PcieLink;

    use super::*;

    #[test]
    fn a_link_below_its_best_says_what_it_could_do() {
        let gpu = Gpu {
            pcie: Some(PcieLink {
                generation: 4,
                generation_max: 5,
                width: 16,
                width_max: 16,
                ..PcieLink::default()
            }),
            ..Gpu::default()
        };
        assert_eq!(
            links(&gpu),
            [Fact::new(
                "PCIe",
                "generation 4, 16 lanes (can do generation 5, 16 lanes)"
            )]
        );
    }
}

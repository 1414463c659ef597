//! The fields that the exporter gives for one GPU.

use std::collections::BTreeMap;

use worv_api::{EccErrors, Gpu, RowRemaps};
use worv_core::UnixMillis;

use crate::exposition::samples;

const PREFIX: &str = "DCGM_FI_DEV_";

/// A GPU's fields by their name without the prefix.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fields {
    name: String,
    uuid: String,
    values: BTreeMap<String, f64>,
}

impl Fields {
    /// The fields of each GPU in the exporter's text, by the GPU's index.
    pub(super) fn read(text: &str) -> BTreeMap<u32, Self> {
        let mut gpus: BTreeMap<u32, Self> = BTreeMap::new();
        for sample in samples(text, PREFIX) {
            // A part of a GPU (MIG) has rows of its own, which say nothing about the whole.
            let whole = sample.label("GPU_I_ID").is_none();
            let Some(index) = sample
                .label("gpu")
                .and_then(|index| index.parse().ok())
                .filter(|_| whole)
            else {
                continue;
            };
            let fields = gpus.entry(index).or_insert_with(|| Self {
                name: sample.label("modelName").unwrap_or_default().to_owned(),
                uuid: sample.label("UUID").unwrap_or_default().to_owned(),
                values: BTreeMap::new(),
            });
            let field = sample.name.trim_start_matches(PREFIX);
            fields.values.insert(field.to_owned(), sample.value);
        }
        gpus
    }

    /// The number of the last Xid error; none if there was none.
    pub(super) fn xid(&self) -> Option<u64> {
        self.whole("XID_ERRORS").filter(|&xid| xid > 0)
    }

    pub(super) fn into_gpu(self, index: u32, now: UnixMillis) -> Gpu {
        let (memory_used, memory_total) = self.memory().unwrap_or_default();
        Gpu {
            index,
            sampled_at: now.0,
            memory_used,
            memory_total,
            memory_reserved: self.mebibytes("FB_RESERVED"),
            utilization_percent: self.small("GPU_UTIL"),
            memory_utilization_percent: self.small("MEM_COPY_UTIL"),
            temperature_celsius: self.small("GPU_TEMP"),
            memory_temperature_celsius: self.small("MEMORY_TEMP"),
            power_watts: self.value("POWER_USAGE"),
            power_limit_watts: self.value("POWER_MGMT_LIMIT"),
            sm_clock_mhz: self.small("SM_CLOCK"),
            memory_clock_mhz: self.small("MEM_CLOCK"),
            energy_joules: self
                .value("TOTAL_ENERGY_CONSUMPTION")
                .map(|millijoules| millijoules / 1_000.0),
            ecc: self.ecc(),
            row_remaps: self.row_remaps(),
            name: self.name,
            uuid: self.uuid,
            ..Gpu::default()
        }
    }

    /// Memory used and in all. The total is not among the exporter's default fields; its parts are.
    fn memory(&self) -> Option<(u64, u64)> {
        let used = self.mebibytes("FB_USED")?;
        let reserved = self.mebibytes("FB_RESERVED").unwrap_or(0);
        let parts = || Some(used + self.mebibytes("FB_FREE")? + reserved);
        Some((used, self.mebibytes("FB_TOTAL").or_else(parts)?))
    }

    fn ecc(&self) -> Option<EccErrors> {
        Some(EccErrors {
            corrected: self.whole("ECC_SBE_VOL_TOTAL")?,
            uncorrected: self.whole("ECC_DBE_VOL_TOTAL")?,
        })
    }

    fn row_remaps(&self) -> Option<RowRemaps> {
        Some(RowRemaps {
            correctable: self.whole("CORRECTABLE_REMAPPED_ROWS")?,
            uncorrectable: self.whole("UNCORRECTABLE_REMAPPED_ROWS")?,
            pending: self.whole("ROW_REMAP_PENDING").is_some_and(|rows| rows > 0),
            failed: self.whole("ROW_REMAP_FAILURE").is_some_and(|rows| rows > 0),
        })
    }

    fn value(&self, field: &str) -> Option<f64> {
        self.values.get(field).copied()
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float's conversion saturates, and these fields are never negative"
    )]
    fn whole(&self, field: &str) -> Option<u64> {
        self.value(field).map(|value| value.round() as u64)
    }

    fn small(&self, field: &str) -> Option<u32> {
        self.whole(field).and_then(|value| u32::try_from(value).ok())
    }

    fn mebibytes(&self, field: &str) -> Option<u64> {
        self.whole(field).map(|count| count << 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_gpu_does_not_stand_for_the_whole() {
        let text = "DCGM_FI_DEV_FB_USED{gpu=\"0\",UUID=\"GPU-a\",modelName=\"B200\"} 7\n\
                    DCGM_FI_DEV_FB_FREE{gpu=\"0\",UUID=\"GPU-a\",modelName=\"B200\"} 2\n\
                    DCGM_FI_DEV_FB_USED{gpu=\"0\",UUID=\"GPU-a\",GPU_I_PROFILE=\"1g\",GPU_I_ID=\"3\"} 1\n";
        let gpu = Fields::read(text).remove(&0).unwrap().into_gpu(0, UnixMillis(5));
        assert_eq!(
            (gpu.memory_used, gpu.name.as_str(), gpu.uuid.as_str()),
            (7 << 20, "B200", "GPU-a")
        );
    }

    #[test]
    fn the_total_is_the_sum_of_its_parts_where_it_is_not_given() {
        let gpu = |text: &str| Fields::read(text).remove(&1).unwrap().into_gpu(1, UnixMillis(5));
        let parts = "DCGM_FI_DEV_FB_USED{gpu=\"1\"} 3\nDCGM_FI_DEV_FB_FREE{gpu=\"1\"} 4\n";
        assert_eq!(gpu(parts).memory_total, 7 << 20);
        assert_eq!(
            gpu(&format!("{parts}DCGM_FI_DEV_FB_RESERVED{{gpu=\"1\"}} 2\n")).memory_total,
            9 << 20
        );
        assert_eq!(
            gpu(&format!("{parts}DCGM_FI_DEV_FB_TOTAL{{gpu=\"1\"}} 8\n")).memory_total,
            8 << 20
        );
        assert_eq!(
            gpu(parts).temperature_celsius,
            None,
            "what the exporter does not give is not zero"
        );
    }
}

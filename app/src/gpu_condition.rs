//! What to think of a GPU's figures. A condition ends later than it begins, so that its word does not flicker.

use worv_api::GpuSummary;

use crate::components::Tone;

/// From this temperature on, in degrees Celsius, a GPU is hot.
const HOT: u32 = 85;
/// Down to this temperature a hot GPU stays hot, so that the word does not flicker.
const COOLED: u32 = 82;
/// From this share of its memory on, in percent, a GPU is full: an engine that fills its cache stays some percent below.
const FULL: u64 = 98;
/// Down to this share a full GPU stays full.
const EASED: u64 = 97;

/// The condition of one GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GpuCondition {
    /// As it should be.
    Fine,
    /// Hot enough to slow down soon.
    Hot,
    /// Its memory is full.
    Full,
    /// It works, and has reported something that somebody should look at.
    Suspect,
    /// It does not answer, or says that something is wrong.
    Fault,
}

impl GpuCondition {
    /// Judges the latest figures, given what they were judged to be before.
    pub(crate) fn judge(gpu: &GpuSummary, before: Option<Self>) -> Self {
        let hot = if before == Some(Self::Hot) { COOLED } else { HOT };
        let full = if before == Some(Self::Full) { EASED } else { FULL };
        if gpu.fault.is_some() {
            Self::Fault
        } else if gpu.temperature_celsius.is_some_and(|celsius| celsius >= hot) {
            Self::Hot
        } else if gpu.memory_total > 0
            && u128::from(gpu.memory_used) * 100 >= u128::from(gpu.memory_total) * u128::from(full)
        {
            Self::Full
        } else if gpu.concern.is_some() {
            Self::Suspect
        } else {
            Self::Fine
        }
    }

    /// The condition in a word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Fine => "OK",
            Self::Hot => "Hot",
            Self::Full => "Full",
            Self::Suspect => "Check",
            Self::Fault => "Fault",
        }
    }

    /// How good or bad it is.
    pub(crate) fn tone(self) -> Tone {
        match self {
            Self::Fine => Tone::Ok,
            Self::Hot | Self::Full | Self::Suspect => Tone::Warn,
            Self::Fault => Tone::Bad,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(temperature: u32, used: u64) -> GpuSummary {
        GpuSummary {
            temperature_celsius: Some(temperature),
            memory_used: used,
            memory_total: 100,
            ..GpuSummary::default()
        }
    }

    #[test]
    fn conditions_begin_at_their_threshold() {
        assert_eq!(GpuCondition::judge(&gpu(84, 97), None), GpuCondition::Fine);
        assert_eq!(GpuCondition::judge(&gpu(85, 97), None), GpuCondition::Hot);
        assert_eq!(GpuCondition::judge(&gpu(84, 98), None), GpuCondition::Full);
    }

    #[test]
    fn conditions_end_below_their_threshold() {
        let judge = |gpu, before| GpuCondition::judge(&gpu, Some(before));
        assert_eq!(judge(gpu(82, 0), GpuCondition::Hot), GpuCondition::Hot);
        assert_eq!(judge(gpu(81, 0), GpuCondition::Hot), GpuCondition::Fine);
        assert_eq!(judge(gpu(0, 97), GpuCondition::Full), GpuCondition::Full);
        assert_eq!(judge(gpu(0, 96), GpuCondition::Full), GpuCondition::Fine);
    }

    #[test]
    fn a_fault_is_all_that_counts() {
        let faulty = GpuSummary {
            fault: Some("It fell off the bus.".to_owned()),
            ..gpu(90, 100)
        };
        assert_eq!(GpuCondition::judge(&faulty, None), GpuCondition::Fault);
    }

    #[test]
    fn what_a_gpu_has_reported_makes_it_suspect() {
        let suspect = GpuSummary {
            concern: Some("The driver reported Xid 63.".to_owned()),
            ..gpu(40, 50)
        };
        assert_eq!(GpuCondition::judge(&suspect, None), GpuCondition::Suspect);
    }

    #[test]
    fn a_gpu_that_was_never_read_is_not_full() {
        assert_eq!(GpuCondition::judge(&GpuSummary::default(), None), GpuCondition::Fine);
    }
}

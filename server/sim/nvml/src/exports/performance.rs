//! GPU performance monitoring: what passes over the links between two samples.

use nvml_wrapper_sys::bindings::{
    nvmlDevice_t, nvmlGpmMetric_t, nvmlGpmMetricId_t_NVML_GPM_METRIC_NVLINK_TOTAL_RX_PER_SEC as NVLINK_RX,
    nvmlGpmMetricId_t_NVML_GPM_METRIC_NVLINK_TOTAL_TX_PER_SEC as NVLINK_TX,
    nvmlGpmMetricId_t_NVML_GPM_METRIC_PCIE_RX_PER_SEC as PCIE_RX,
    nvmlGpmMetricId_t_NVML_GPM_METRIC_PCIE_TX_PER_SEC as PCIE_TX, nvmlGpmMetricsGet_t, nvmlGpmSample_t,
    nvmlGpmSupport_t, nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT as INVALID_ARGUMENT,
    nvmlReturn_enum_NVML_ERROR_NO_DATA as NO_DATA, nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED as NOT_SUPPORTED,
    nvmlReturn_enum_NVML_SUCCESS as SUCCESS, nvmlReturn_t,
};

use super::{Outcome, answer, code, put};
use crate::{figures::Figures, handles::Handles, state};

static SAMPLES: Handles<Sample> = Handles::new();

/// None before it is filled.
type Sample = Option<Figures>;

#[unsafe(no_mangle)]
extern "C" fn nvmlGpmQueryDeviceSupport(device: nvmlDevice_t, support: *mut nvmlGpmSupport_t) -> nvmlReturn_t {
    answer(device, |_| {
        // SAFETY: NVML requires a structure whose version the caller has filled in; a null pointer is refused.
        let asked = unsafe { support.as_ref() }.ok_or(INVALID_ARGUMENT)?;
        let version = asked.version;
        put(
            support,
            nvmlGpmSupport_t {
                version,
                isSupportedDevice: 1,
            },
        )
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlGpmSampleAlloc(sample: *mut nvmlGpmSample_t) -> nvmlReturn_t {
    code(state::count().and_then(|_| put(sample, SAMPLES.add(None))))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlGpmSampleGet(device: nvmlDevice_t, sample: nvmlGpmSample_t) -> nvmlReturn_t {
    answer(device, |gpu| {
        SAMPLES.with(sample, |filled| {
            *filled = Some(gpu.figures);
            Ok(())
        })
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlGpmSampleFree(sample: nvmlGpmSample_t) -> nvmlReturn_t {
    code(SAMPLES.remove(sample))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlGpmMetricsGet(request: *mut nvmlGpmMetricsGet_t) -> nvmlReturn_t {
    // SAFETY: NVML requires a structure that the caller has filled in; a null pointer is refused.
    code(unsafe { request.as_mut() }.ok_or(INVALID_ARGUMENT).and_then(measure))
}

fn measure(request: &mut nvmlGpmMetricsGet_t) -> Outcome {
    SAMPLES.with(request.sample1, |first| first.ok_or(NO_DATA))?;
    let figures = SAMPLES.with(request.sample2, |second| second.ok_or(NO_DATA))?;
    let count = usize::try_from(request.numMetrics).map_err(|_| INVALID_ARGUMENT)?;
    for metric in request.metrics.get_mut(..count).ok_or(INVALID_ARGUMENT)? {
        fill(metric, &figures);
    }
    Ok(())
}

fn fill(metric: &mut nvmlGpmMetric_t, figures: &Figures) {
    let mebibytes = match metric.metricId {
        NVLINK_RX | NVLINK_TX => figures.nvlink_traffic,
        PCIE_RX | PCIE_TX => figures.pcie_traffic,
        _ => {
            metric.nvmlReturn = NOT_SUPPORTED;
            return;
        }
    };
    metric.nvmlReturn = SUCCESS;
    metric.value = f64::from(mebibytes);
}

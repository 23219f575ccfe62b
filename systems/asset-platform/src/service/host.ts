/** The variable that names the address that all services listen on, instead of loopback. */
export const HOST_VARIABLE = 'ASSET_PLATFORM_HOST';

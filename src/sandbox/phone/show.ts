import type { DeviceView, NewPhone, PendingRequest } from '../../ecps/protocol/api.ts';
import { type Locale } from '../../../views/locales/index.ts';
import { phoneTexts } from '../../../views/locales/phone.ts';
import { isByService } from './wait.ts';

/** What the app would put on its screen, in lines. */
export const requestLines = (request: PendingRequest, locale: Locale): string[] => {
  const texts = phoneTexts(locale);
  const { context, pin } = request;
  const place = context.place === '' ? texts.placeUnknown : context.place;
  return [
    texts.asks(context.service.name, context.service.host),
    texts.from(context.browser, place),
    isByService(request) ? texts.byService : context.known ? texts.known : texts.unknown,
    ...(context.bindingMessage === undefined ? [] : [texts.message(context.bindingMessage)]),
    ...(pin.triesLeft < 5 ? [texts.triesLeft(pin.triesLeft)] : []),
    ...(pin.wait === undefined ? [] : [texts.wait(pin.wait)]),
    `  ${request.txn}`,
  ];
};

export const newPhoneLines = (phone: NewPhone, locale: Locale): string[] => {
  const texts = phoneTexts(locale);
  return [texts.newPhone(phone.name, phone.model, phone.place || texts.placeUnknown), `  ${phone.deviceId}`];
};

export const deviceLine = (device: DeviceView, locale: Locale): string => {
  const texts = phoneTexts(locale);
  const mine = device.current ? ` ${texts.thisOne}` : '';
  return `${device.name} (${device.model}) — ${texts.states[device.state]}${mine} — ${texts.renewBy(device.renewBy)}\n  ${device.id}`;
};

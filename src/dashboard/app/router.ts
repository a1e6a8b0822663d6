import { useEffect, useState } from 'preact/hooks';

/** Which page is shown; it stands after the # of the address. */
export type Place =
  | { readonly page: 'overview' }
  | { readonly page: 'stack'; readonly stack: string }
  | {
      readonly page: 'service';
      readonly stack: string;
      readonly service: string;
      /** How far back its figures go, minutes. */
      readonly minutes: number;
    }
  | { readonly page: 'events'; readonly stack: string | undefined }
  | { readonly page: 'logs'; readonly stack: string; readonly service: string; readonly instance: string };

export const usualMinutes = 15;

export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [first, stack = '', third, service = ''] = path.split('/').map(decodeURIComponent);
  const parameters = new URLSearchParams(query);
  if (first === 'events') return { page: 'events', stack: undefined };
  if (first !== 'stacks' || stack === '') return { page: 'overview' };
  if (third === 'services' && service !== '') {
    const minutes = Number(parameters.get('minutes')) || usualMinutes;
    return { page: 'service', stack, service, minutes };
  }
  if (third === 'events') return { page: 'events', stack };
  if (third === 'logs') {
    return {
      page: 'logs',
      stack,
      service: parameters.get('service') ?? '',
      instance: parameters.get('instance') ?? '',
    };
  }
  return { page: 'stack', stack };
}

export function hrefOf(place: Place): string {
  const inStack = (stack: string, ...rest: string[]): string =>
    `#/${['stacks', stack, ...rest].map(encodeURIComponent).join('/')}`;
  switch (place.page) {
    case 'overview':
      return '#/';
    case 'stack':
      return inStack(place.stack);
    case 'service': {
      const { stack, service, minutes } = place;
      return `${inStack(stack, 'services', service)}${minutes === usualMinutes ? '' : `?minutes=${minutes}`}`;
    }
    case 'events':
      return place.stack === undefined ? '#/events' : inStack(place.stack, 'events');
    case 'logs': {
      const { service, instance } = place;
      const query = new URLSearchParams({
        ...(service !== '' && { service }),
        ...(instance !== '' && { instance }),
      }).toString();
      return `${inStack(place.stack, 'logs')}${query === '' ? '' : `?${query}`}`;
    }
  }
}

export function stackOf(place: Place): string | undefined {
  return place.page === 'overview' ? undefined : place.stack;
}

/** The page of a service, as far back as usual. */
export function servicePlace(stack: string, service: string): Place {
  return { page: 'service', stack, service, minutes: usualMinutes };
}

export function titleOf(place: Place): string {
  switch (place.page) {
    case 'overview':
      return 'Overview';
    case 'stack':
      return place.stack;
    case 'service':
      return `${place.service} of ${place.stack}`;
    case 'events':
      return place.stack === undefined ? 'Events' : `Events of ${place.stack}`;
    case 'logs':
      return `Logs of ${place.stack}`;
  }
}

export function usePlace(): Place {
  const [place, setPlace] = useState(() => parsePlace(location.hash));
  useEffect(() => {
    const onHash = (): void => setPlace(parsePlace(location.hash));
    window.addEventListener('hashchange', onHash);
    return () => window.removeEventListener('hashchange', onHash);
  }, []);
  return place;
}
